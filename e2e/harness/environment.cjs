// Jest's environment for scenarios: tells them which tests failed, so that a mesh shows its logs when one did.
const { TestEnvironment } = require('jest-environment-node');

module.exports = class extends TestEnvironment {
  async setup() {
    await super.setup();
    this.global.failedTests = [];
  }

  handleTestEvent({ name, test, error }) {
    if (name === 'test_fn_failure' || name === 'hook_failure')
      this.global.failedTests.push(test?.name ?? String(error));
  }
};

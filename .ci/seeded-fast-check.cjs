// fast-check as tests get it: with the same inputs in every run of one commit; KEELSON_SEED chooses others (`npm run explore`
// does). Not a set-up file, which would load it for tests that do without.
const { join } = require('node:path');
const fc = require(join(__dirname, '..', 'node_modules', 'fast-check', 'lib', 'cjs', 'fast-check.js'));

fc.configureGlobal({ seed: Number(process.env.KEELSON_SEED ?? 1) });
module.exports = fc;

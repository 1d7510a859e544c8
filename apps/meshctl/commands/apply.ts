import type { Command } from '../command';
import { commit, commitOptions, postDocuments, requestedDocuments } from './commit';

export const apply: Command = {
  name: 'apply',
  usage: '-f FILE|DIR|- [--wait [--timeout 30s]] [--dry-run]',
  help: 'Apply configuration as one commit: all of it or nothing.',
  options: { ...commitOptions, 'dry-run': { type: 'boolean', help: 'say what would change, and change nothing' } },
  run(invocation) {
    const documents = requestedDocuments(invocation);
    const dryRun = invocation.flag('dry-run');
    const path = dryRun ? '/v1/apply?dryRun=true' : '/v1/apply';
    return commit(invocation, (galley) => postDocuments(galley, path, documents), dryRun);
  },
};

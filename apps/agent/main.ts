import { createLog, FatalError, ListenError, LockError, logGrpc, type Logger } from '@keelson/edge/service';
import { Agent } from './agent';
import { agentSettings, optionsOf, type AgentOptions } from './settings';

/** Secrets of the agent's that are nothing for Envoy or the application. */
const ownVariables = ['KEELSON_JOIN_TOKEN', 'KEELSON_JOIN_TOKEN_FILE'];
const forwarded = ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

/** Without Nest: an agent stands beside every workload, and its memory counts as often. */
async function main(): Promise<number> {
  let options: AgentOptions;
  let command: string[];
  let log: Logger;
  try {
    const reading = agentSettings.read(process.argv.slice(2), process.env);
    if (reading.help) {
      process.stdout.write(agentSettings.help('node dist/apps/agent/main.js'));
      process.stdout.write(
        '  -- <command> [arguments]\n      The application: started by the agent, whose exit code is its own.\n',
      );
      return 0;
    }
    options = optionsOf(reading.values);
    command = reading.command;
    log = createLog('agent', reading.values.logLevel);
  } catch (error) {
    process.stderr.write(`agent: ${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
  logGrpc(log);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ownVariables.includes(name)));
  const agent = new Agent(options, command, env, log);
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      // Whoever asks twice does not want to wait.
      if (agent.isStopping) void agent.kill();
      else void agent.stop(signal);
    });
  for (const signal of forwarded)
    process.on(signal, () => {
      agent.forward(signal);
    });
  try {
    await agent.start();
    return await agent.ended;
  } catch (error) {
    const known = [FatalError, ListenError, LockError].some((kind) => error instanceof kind);
    const text = error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error);
    process.stderr.write(`agent: ${text}\n`);
    await agent.kill();
    return 1;
  }
}

void main().then((exitCode) => {
  process.exit(exitCode);
});

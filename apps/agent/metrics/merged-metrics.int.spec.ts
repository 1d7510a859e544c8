import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLog } from '@keelson/edge/service';
import { AgentMetrics } from './agent-metrics';
import { MergedMetrics } from './merged-metrics';

describe('metrics in one answer', () => {
  let application: Server;
  let answer: (response: ServerResponse) => void;
  let url: string;

  beforeEach(async () => {
    application = createServer((_, response) => {
      answer(response);
    });
    application.listen(0, '127.0.0.1');
    await once(application, 'listening');
    url = `http://127.0.0.1:${(application.address() as AddressInfo).port}/metrics`;
  });

  afterEach(() => {
    application.closeAllConnections();
    application.close();
  });

  const merged = (): { agent: AgentMetrics; text: () => Promise<string> } => {
    const agent = new AgentMetrics();
    const envoy = { prometheus: () => Promise.resolve('envoy_up 1\n') };
    const metrics = new MergedMetrics(envoy as never, agent, url, createLog('test', 'silent'));
    return { agent, text: () => metrics.text() };
  };

  it('have those of Envoy, the agent and the application', async () => {
    answer = (response) => response.end('app_requests 7\n');
    const text = await merged().text();
    expect(text).toContain('envoy_up 1\n');
    expect(text).toContain('app_requests 7\n');
    expect(text).toContain('# TYPE ');
  });

  it('do without an application that trickles, which is not waited for nor read any more', async () => {
    let trickle: NodeJS.Timeout | undefined;
    const closed = new Promise<void>((resolve) => {
      answer = (response) => {
        trickle = setInterval(() => response.write('app_requests 7\n'), 50);
        response.on('close', resolve);
      };
    });
    const { agent, text } = merged();
    const told = await text();
    expect(told).toContain('envoy_up 1\n');
    expect(told).not.toContain('app_requests');
    await closed;
    clearInterval(trickle);
    expect((await agent.scrapeFailures.get()).values).toMatchObject([{ labels: { type: 'application' }, value: 1 }]);
  });
});

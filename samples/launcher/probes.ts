import { get } from 'node:http';
import { connect } from 'node:net';

/** Whether a GET is answered with 200. */
export function answersOk(url: string): () => Promise<boolean> {
  return () =>
    new Promise((resolve) => {
      const request = get(url, { timeout: 1000, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      });
      request.on('timeout', () => request.destroy());
      request.on('error', () => {
        resolve(false);
      });
    });
}

/** Whether a connection is taken. */
export function takesConnections(host: string, port: number): () => Promise<boolean> {
  return () =>
    new Promise((resolve) => {
      const socket = connect(port, host, () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => {
        resolve(false);
      });
    });
}

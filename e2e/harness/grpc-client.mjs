// A client that finds its servers by xDS, in a process of its own: its xDS client cannot be stopped. It is told by messages
// what to call and answers who replied.
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { register } from '@grpc/grpc-js-xds';

register();
process.on('disconnect', () => process.exit(0));

const clients = new Map();
const same = (bytes) => bytes;

function clientOf(target) {
  const known = clients.get(target) ?? new Client(target, credentials.createInsecure());
  clients.set(target, known);
  return known;
}

function call({ target, method, metadata, deadlineMs }) {
  const carried = new Metadata();
  for (const [name, value] of Object.entries(metadata)) carried.set(name, value);
  return new Promise((resolve) => {
    const options = { deadline: Date.now() + deadlineMs };
    clientOf(target).makeUnaryRequest(method, same, same, Buffer.alloc(0), carried, options, (error, answer) => {
      resolve(error ? { code: error.code, details: error.details } : { server: answer.toString() });
    });
  });
}

process.on('message', async ({ id, ...wanted }) => {
  process.send({ id, ...(await call(wanted)) });
});

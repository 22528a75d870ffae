// Clients that stay: node crowd-process.js PORT COUNT connects so often, waits for each first byte and says "ready".
import { connect } from 'node:net';

const [port = 0, count = 0] = process.argv.slice(2).map(Number);
// As many as a small backlog bears.
const mostConnecting = 8;

let begun = 0;
let answered = 0;

const begin = (): void => {
  if (begun === count) return;
  begun++;
  const socket = connect({ port, host: '127.0.0.1' });
  let isAnswered = false;
  socket.on('data', () => {
    if (isAnswered) return;
    isAnswered = true;
    answered++;
    if (answered === count) process.stdout.write('ready\n');
    begin();
  });
  const fail = (why: string) => {
    process.stderr.write(`client ${answered + 1} of ${count}: ${why}\n`);
    process.exit(1);
  };
  socket.on('error', (error) => fail(error.message));
  socket.on('close', () => fail('the server ended the connection'));
};

for (let started = 0; started < mostConnecting; started++) begin();

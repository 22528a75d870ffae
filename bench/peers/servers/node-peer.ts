// A super-server as one writes it in plain Node: node node-peer.js PORT PROGRAM
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

const [port = '', program = ''] = process.argv.slice(2);

// pauseOnConnect: Node must not read what the handler is to read.
const server = createServer({ pauseOnConnect: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  // The socket itself is handed over: pipes would cost a copy of every byte. An empty environment saves the
  // copy of ours, and without a wish for stderr there is nothing to open.
  const child = spawn(program, [], { stdio: [socket, socket, 'ignore'], env: {} });
  child.on('error', () => {});
  socket.destroy();
});
server.listen({ host: '127.0.0.1', port: Number(port), backlog: 4096 });

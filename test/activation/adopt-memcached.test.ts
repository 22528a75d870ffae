// memcached binds a TCP and a UDP socket for its threads, and gets ours.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import t from 'tap';
import { openEngine } from '../support/engine.ts';
import { freePort } from '../support/ports.ts';
import { tcp } from '../support/services.ts';
import { ask, openScene } from './adopt-scene.ts';

const memcached = '/usr/bin/memcached';
const engine = openEngine(t);
const options = { skip: !existsSync(memcached) && 'memcached is not installed' };
const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];

/** A request of its protocol for datagrams: eight bytes of header, then the text. */
const askDatagram = async (port: number, text: string): Promise<string> => {
  const socket = createSocket('udp4');
  socket.send(Buffer.concat([Buffer.from([0, 7, 0, 0, 0, 1, 0, 0]), Buffer.from(text)]), port, '127.0.0.1');
  const [answer] = await once(socket, 'message');
  socket.close();
  return answer.subarray(8).toString();
};

t.test('memcached with four threads answers its very first client', options, async (t) => {
  const port = await freePort();
  const command = [memcached, '-l', '127.0.0.1', '-p', `${port}`, '-t', '4', ...user] as const;
  const scene = openScene(t, engine, [tcp('127.0.0.1', port)], command);
  const at = { host: '127.0.0.1', port };
  const answer = ask(at, 'version\r\n', /\r\n/);
  const adopted = await scene.startAtFirstClient();
  t.match(await answer, /^VERSION /);
  const all = await Promise.all(Array.from({ length: 16 }, () => ask(at, 'version\r\n', /\r\n/)));
  t.ok(all.every((each) => each.startsWith('VERSION ')));
  t.match(scene.addresses(adopted), [{ port, socketType: 'stream' }]);
  await scene.stop(adopted);
});

t.test('memcached over UDP too', options, async (t) => {
  const port = await freePort();
  const addresses = [{ ...tcp('127.0.0.1', port), socketType: 'dgram' as const }, tcp('127.0.0.1', port)];
  const command = [memcached, '-l', '127.0.0.1', '-p', `${port}`, '-U', `${port}`, ...user] as const;
  const scene = openScene(t, engine, addresses, command);
  const answer = askDatagram(port, 'version\r\n');
  const adopted = await scene.startAtFirstClient();
  t.match(await answer, /^VERSION /);
  t.match(await ask({ host: '127.0.0.1', port }, 'version\r\n', /\r\n/), /^VERSION /);
  t.same(new Set(scene.addresses(adopted).map(({ socketType }) => socketType)), new Set(['stream', 'dgram']));
  await scene.stop(adopted);
});

// After many connections everything is where it was.
import t from 'tap';
import { startAcceptd } from '../support/acceptd.ts';
import { exchange } from '../support/client.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePort } from '../support/ports.ts';
import { childrenOf, descriptorsOf, me, privateMemory } from './scene.ts';

const handlers = compileHandlers('behave');
const clients = 16;

t.test(
  '20,000 connections later descriptors, children and memory are where they were',
  { timeout: 110_000 },
  async (t) => {
    const [port, builtin, datagram] = [await freePort(), await freePort(), await freePort()];
    const acceptd = await startAcceptd(t, {
      config:
        `127.0.0.1:${port} stream tcp nowait ${me} ${handlers}/behave behave write x\n` +
        `127.0.0.1:${builtin} stream tcp nowait ${me} internal daytime\n` +
        `127.0.0.1:${datagram} dgram udp nowait ${me} internal echo\n`,
    });
    let failures = 0;
    const serve = async (count: number): Promise<void> => {
      let left = count;
      const client = async (): Promise<void> => {
        while (left-- > 0) {
          const answer = await exchange(left % 4 === 0 ? builtin : port, '').catch(() => '');
          if (answer === '') failures += 1;
        }
      };
      await Promise.all(Array.from({ length: clients }, client));
    };
    await serve(5_000);
    const before = { descriptors: descriptorsOf(acceptd.pid).length, memory: privateMemory(acceptd.pid) };
    await serve(15_000);
    t.equal(failures, 0);
    t.equal(descriptorsOf(acceptd.pid).length, before.descriptors);
    acceptd.signal('SIGUSR1');
    const { fields } = await acceptd.waitFor(({ event }) => event === 'state', 'the state');
    t.match(fields['services'], [{ live: 0 }, { live: 0 }, { live: 0 }]);
    t.strictSame(childrenOf(acceptd.pid), []);
    const grown = privateMemory(acceptd.pid) - before.memory;
    t.ok(grown < 3_000, `${grown} KiB more private memory (${before.memory} before)`);
    t.equal(await acceptd.stop(), 0);
  },
);

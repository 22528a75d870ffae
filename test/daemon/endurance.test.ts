// After many connections everything is where it was.
import t from 'tap';
import { startAcceptd } from '../support/acceptd.ts';
import { becomes } from '../support/becomes.ts';
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
    /** Serves so many; the memory at four moments. It goes up and down as V8 collects. */
    const measure = async (count: number): Promise<readonly number[]> => {
      const samples: number[] = [];
      for (let part = 0; part < 4; part++) {
        await serve(count / 4);
        samples.push(privateMemory(acceptd.pid));
      }
      return samples;
    };
    const early = await measure(5_000);
    // clients have their answers before their handlers have ended
    const isQuiet = (): boolean => childrenOf(acceptd.pid).length === 0;
    await becomes(isQuiet);
    const descriptors = descriptorsOf(acceptd.pid).length;
    await serve(10_000);
    const late = await measure(5_000);
    t.equal(failures, 0);
    await becomes(() => isQuiet() && descriptorsOf(acceptd.pid).length <= descriptors);
    const left = descriptorsOf(acceptd.pid).length;
    t.ok(left <= descriptors, `${descriptors} descriptors at first, ${left} at last`);
    acceptd.signal('SIGUSR1');
    const { fields } = await acceptd.waitFor(({ event }) => event === 'state', 'the state');
    t.match(fields['services'], [{ live: 0 }, { live: 0 }, { live: 0 }]);
    t.strictSame(childrenOf(acceptd.pid), []);
    const grown = Math.min(...late) - Math.max(...early);
    // V8 frees what is old every 20,000 connections or so: until then some megabytes are no leak
    t.ok(grown < 14_000, `private KiB at first: ${early}; at last: ${late}`);
    t.equal(await acceptd.stop(), 0);
  },
);

// Cases about the language: what xinetd.conf may look like, and what a mistake costs.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startAcceptd } from '../support/acceptd.ts';
import { isRoot } from '../support/command.ts';
import { knock, refused } from '../support/knock.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { complaints, numberIn, recordsOf, self } from './stage.ts';
import { handlers, served, service, serviceNamed, startWith } from './xinetd-stage.ts';

t.test('1: keywords, attributes and their words may be in upper and mixed case', async (t) => {
  const port = await freePort();
  const text = `SERVICE b
{
  Type = Unlisted
  Socket_Type = STREAM
  wAiT = NO
  USER = ${self}
  Port = ${port}
  SERVER = ${handlers}/behave
  Server_Args = write served
}
`;
  await startWith(t, text);
  t.equal(await knock('127.0.0.1', port), served);
});

t.test('3: a blank before the operator is enough', async (t) => {
  const port = await freePort();
  await startWith(t, service(port).replace('port = ', 'port ='));
  t.equal(await knock('127.0.0.1', port), served);
});

t.test('4: an unknown attribute is told and costs the line, not the service', async (t) => {
  const port = await freePort();
  const acceptd = await startWith(t, service(port, 'frob = 1'));
  t.equal(await knock('127.0.0.1', port), served);
  t.match(complaints(acceptd, 'warning'), [/^line 4: .*frob/]);
  t.same(complaints(acceptd, 'error'), []);
});

t.test('5: a value that cannot be understood disables the service', async (t) => {
  const [bad = 0, good = 0] = await freePorts(2);
  const acceptd = await startWith(t, service(bad, 'nice = abc') + serviceNamed('c', good));
  t.equal(await knock('127.0.0.1', bad), refused);
  t.equal(await knock('127.0.0.1', good), served, 'the other one runs');
  t.match(complaints(acceptd, 'error'), [/^line 4: .*abc/]);
});

t.test('7: neither `enabled` nor `disable = no` revives a service with an error', async (t) => {
  const [listed = 0, said = 0, good = 0] = await freePorts(3);
  await startWith(
    t,
    [
      'defaults\n{\nenabled = b c d\n}\n',
      service(listed, 'nice = abc'),
      serviceNamed('c', said, 'nice = abc', 'disable = no'),
      serviceNamed('d', good),
    ].join(''),
  );
  t.equal(await knock('127.0.0.1', good), served);
  t.equal(await knock('127.0.0.1', listed), refused);
  t.equal(await knock('127.0.0.1', said), refused);
});

t.test('8: of an attribute that is there twice the first counts, and the second is told', async (t) => {
  const port = await freePort();
  const acceptd = await startWith(
    t,
    service(port, 'instances = 0', 'instances = 6', 'log_type = FILE /dev/null'),
  );
  t.equal(await knock('127.0.0.1', port), 'turned away', 'instances is 0');
  t.match(complaints(acceptd, 'warning'), [/^line 5: .*instances/]);
});

t.test('9: `bind` with two addresses never listens on all of them', async (t) => {
  const port = await freePort();
  const acceptd = await startWith(t, service(port, 'bind = 127.9.0.1 127.9.0.2'));
  t.equal(await knock('127.0.0.1', port, '127.9.0.3'), refused, 'not named');
  const named = [await knock('127.0.0.1', port, '127.9.0.1'), await knock('127.0.0.1', port, '127.9.0.2')];
  const isOff = named.every((outcome) => outcome === refused);
  t.ok(isOff || named.every((outcome) => outcome === served), `both or none: ${named}`);
  if (isOff) t.match(complaints(acceptd, 'error'), [/^line 4: .*bind/], 'and it says why');
});

t.test(
  '11: an entry without its } is off and told; those after it run (xinetd loses the next one)',
  async (t) => {
    const [first = 0, second = 0, third = 0] = await freePorts(3);
    const acceptd = await startWith(
      t,
      [service(first).replace(/\}\n$/, ''), serviceNamed('c', second), serviceNamed('d', third)].join(''),
    );
    t.equal(await knock('127.0.0.1', first), refused);
    t.equal(await knock('127.0.0.1', second), served);
    t.equal(await knock('127.0.0.1', third), served);
    t.match(complaints(acceptd, 'error'), [/^line 2: .*\}/]);
  },
);

t.test('12: { on the line of its service is understood', async (t) => {
  const port = await freePort();
  await startWith(t, service(port).replace('service b\n{', 'service b {'));
  t.equal(await knock('127.0.0.1', port), served);
});

t.test('13: a file with CR at the ends of lines and a byte order mark is read as without them', async (t) => {
  const [first = 0, second = 0] = await freePorts(2);
  const acceptd = await startWith(
    t,
    `\uFEFF${service(first).trimStart()}${serviceNamed('c', second)}`.replaceAll('\n', '\r\n'),
  );
  t.equal(await knock('127.0.0.1', first), served);
  t.equal(await knock('127.0.0.1', second), served);
  t.same(complaints(acceptd, 'error'), []);
});

t.test('32: access_times may end at 24:00 and may go over midnight', async (t) => {
  const [late = 0, night = 0] = await freePorts(2);
  const hour = new Date().getHours();
  const at = (offset: number): string => String((hour + 24 + offset) % 24).padStart(2, '0');
  const acceptd = await startWith(
    t,
    [
      service(late, 'access_times = 00:00-24:00'),
      // from the next hour but one to the end of the last one but one: over midnight, and not now; then: now
      serviceNamed('c', night, `access_times = ${at(2)}:00-${at(1)}:59`),
    ].join(''),
  );
  t.same(complaints(acceptd, 'error'), []);
  t.equal(await knock('127.0.0.1', late), served);
  t.equal(await knock('127.0.0.1', night), served);
});

t.test('60: without log_type nothing is logged, and who asked for it is told so', async (t) => {
  const port = await freePort();
  const acceptd = await startWith(t, service(port, 'log_on_success = PID'));
  t.equal(await knock('127.0.0.1', port), served);
  t.match(complaints(acceptd, 'warning'), [/log_type/]);
});

const stock = '/etc/xinetd.d';
t.test(
  "65: the files of Debian's package load with disable = no: all ports are served, `servers` and `services` are no more",
  isRoot && existsSync(stock)
    ? {}
    : { skip: isRoot ? 'xinetd is not installed: see .ci/packages' : 'only root can bind their ports' },
  async (t) => {
    const files = readdirSync(stock).map((name): readonly [string, string] => [
      `xinetd.d/${name}`,
      readFileSync(join(stock, name), 'utf8').replace(/^(\s*disable\s*=\s*)yes/gm, '$1no'),
    ]);
    const acceptd = await startAcceptd(t, {
      config: {
        'xinetd.conf': readFileSync('/etc/xinetd.conf', 'utf8').replaceAll('/etc/xinetd.d', './xinetd.d'),
        ...Object.fromEntries(files),
      },
      // a network of its own: nobody else has the ports there
      under: ['unshare', '--net', 'sh', '-c', 'ip link set lo up; exec "$@"', 'sh'],
    });
    const told = complaints(acceptd, 'error');
    t.equal(told.length, 2, told.join('\n'));
    t.match(told, [/servers/, /services/]);
    const [applied] = recordsOf(acceptd, 'applied');
    t.equal(applied === undefined ? 0 : numberIn(applied, 'services'), 10);
    // five files repeat the services for UDP, which xinetd runs twice on one port; one of each answers all
    t.equal(complaints(acceptd, 'warning').filter((text) => /is the same service as/.test(text)).length, 5);
  },
);

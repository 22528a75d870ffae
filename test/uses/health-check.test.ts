// A database cluster's health check: a shell script answers HTTP on a port of its own, asked by load balancers.
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { self } from '../conformance/stage.ts';
import { createDesk, startWith } from '../conformance/xinetd-stage.ts';
import { hasProgram, isRoot, run } from '../support/command.ts';
import { freePort } from '../support/ports.ts';
import { checkNothingIsLeft, descriptorsOf, looks, putUnderLoad } from './crowd.ts';

const script = (state: string): string => `#!/bin/sh
# reads the request, says in HTTP whether the node may be used
while read -r line && [ "$line" != "$(printf '\\r')" ]; do :; done
if [ -e ${state} ]; then
  status='200 OK' body='The node is in sync.'
else
  status='503 Service Unavailable' body='The node is not in sync.'
fi
printf 'HTTP/1.1 %s\\r\\nContent-Type: text/plain\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n%s\\r\\n' \\
  "$status" $((\${#body} + 2)) "$body"
`;

t.test(
  'a health check on a port of its own answers curl and a crowd of load balancers',
  hasProgram('/usr/bin/curl') ? {} : { skip: 'curl is not installed: see .ci/packages' },
  async (t) => {
    const desk = createDesk(t);
    const port = await freePort();
    const state = join(desk.directory, 'in-sync');
    const file = join(desk.directory, 'health-check');
    writeFileSync(file, script(state));
    chmodSync(file, 0o755);
    writeFileSync(state, '');
    const acceptd = await startWith(
      t,
      `${desk.defaults()}
# default: on
service mysqlchk
{
	disable         = no
	flags           = REUSE
	type            = UNLISTED
	socket_type     = stream
	port            = ${port}
	wait            = no
	user            = ${isRoot ? 'nobody' : self}
	server          = ${file}
	log_on_failure  += USERID
	only_from       = 0.0.0.0/0
	per_source      = UNLIMITED
	cps             = 10000 1
}
`,
    );
    const ask = async (): Promise<readonly string[]> => {
      const url = `http://127.0.0.1:${port}/`;
      const { stdout } = await run('curl', ['-sS', '-m', '10', '-w', '%{http_code}', url]);
      return stdout.split('\r\n');
    };
    t.same(await ask(), ['The node is in sync.', '200']);
    rmSync(state);
    t.same(await ask(), ['The node is not in sync.', '503']);
    writeFileSync(state, '');

    const descriptors = descriptorsOf(acceptd);
    const count = 400;
    const load = {
      port,
      clients: 16,
      count,
      send: 'GET / HTTP/1.0\\r\\n\\r\\n',
      expect: 'HTTP/1.1 200 OK',
    };
    t.same(await putUnderLoad(load), { served: count, failed: 0 });
    await checkNothingIsLeft(t, acceptd, descriptors);
    const asked = 2 + looks + count;
    const entries = await desk.untilEntries(
      (all) => all.filter((each) => each.startsWith('EXIT: mysqlchk status=0 ')).length >= asked,
    );
    t.equal(entries.filter((each) => each.startsWith('START: mysqlchk ')).length, asked);
    t.notOk(
      entries.some((each) => each.startsWith('FAIL')),
      'nobody was turned away',
    );
    t.equal(await acceptd.stop(), 0);
  },
);

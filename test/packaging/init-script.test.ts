// The init script of acceptd itself, in a private /etc and /run.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { mainModule, projectDirectory } from '../command/stage.ts';
import { hasProgram, isRoot, run, searchPath } from '../support/command.ts';

t.setTimeout(300_000);

const stage = `set -eu
mount -t tmpfs tmpfs /mnt
mkdir /mnt/etc /mnt/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/etc,workdir=/mnt/work /etc
mount -t tmpfs tmpfs /run
ip link set lo up
`;

const refusal = (): string | false => {
  if (!isRoot) return 'only root can have a private /etc';
  if (!hasProgram('/usr/sbin/start-stop-daemon')) return 'there is no start-stop-daemon';
  const { status } = spawnSync('unshare', ['-m', '-n', 'sh', '-c', stage], { env: { PATH: searchPath } });
  return status === 0 ? false : 'this machine has no overlays';
};

const play = `${stage}
chmod +x "$MAIN"
printf 'DAEMON=%s\\nLOGFILE=/run/acceptd.log\\nOPTIONS="--drain 2"\\n' "$MAIN" >/etc/default/acceptd
serve() { printf '%s stream tcp nowait root /bin/echo echo here\\n' "$1" >/etc/acceptd.conf; }
ask() { nc -N 127.0.0.1 "$1" </dev/null; }
wait_for() {
  count=0
  until eval "$1"; do
    count=$((count + 1))
    [ "$count" -lt 3000 ] || { echo "waited for $1"; exit 1; }
    sleep 0.01
  done
}
printf 'nonsense\\n' >/etc/acceptd.conf
"$SCRIPT" status || echo "status $?"
"$SCRIPT" start 2>/run/refusal || echo "start $?"
grep -q '/etc/acceptd.conf:1:' /run/refusal && echo 'it says where'
serve 7001
"$SCRIPT" start
pid=$(cat /run/acceptd.pid)
cat "/proc/$pid/comm"
ask 7001
"$SCRIPT" start
"$SCRIPT" status >/dev/null
echo "status $?"
serve 7002
"$SCRIPT" reload
wait_for '[ "$(ask 7002)" = here ]'
serve 7003
"$SCRIPT" force-reload
wait_for '[ "$(ask 7003)" = here ]'
kill -9 "$(pgrep -P "$pid" -f run)"
[ "$(ask 7003)" = here ]
"$SCRIPT" restart
ask 7003
[ "$(cat /run/acceptd.pid)" != "$pid" ]
"$SCRIPT" stop
[ ! -e /run/acceptd.pid ]
nc -z 127.0.0.1 7003 || echo closed
"$SCRIPT" stop
"$SCRIPT" status || echo "status $?"
"$SCRIPT" nonsense 2>/dev/null || echo "nonsense $?"
`;

t.test('start, status, reload, restart and stop', { skip: refusal() }, async (t) => {
  const { code, stdout, stderr } = await run(
    'unshare',
    ['-m', '-n', '-p', '-f', '--mount-proc', 'sh', '-c', play],
    {
      environment: { MAIN: mainModule, SCRIPT: join(projectDirectory, 'conf/acceptd.init') },
      timeout: 150_000,
    },
  );
  t.equal(code, 0, stderr);
  t.equal(
    stdout,
    `acceptd: does not run
status 3
start 6
it says where
acceptd: started
acceptd-guard
here
acceptd: runs already
status 0
acceptd: reads its configuration again
acceptd: reads its configuration again
acceptd: stopped
acceptd: started
here
acceptd: stopped
closed
acceptd: does not run
acceptd: does not run
status 3
nonsense 2
`,
  );
});

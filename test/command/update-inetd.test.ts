// Debian's own update-inetd, unchanged, beside acceptd inetd: packages add, disable, enable and remove services with it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import t from 'tap';
import { isRoot, run, searchPath } from '../support/command.ts';
import { mainModule } from './stage.ts';

t.setTimeout(300_000);

/** A private /etc and /run; the network is private too, so that any port is free. */
const stage = `set -eu
mount -t tmpfs tmpfs /mnt
mkdir /mnt/etc /mnt/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/etc,workdir=/mnt/work /etc
mount -t tmpfs tmpfs /run
ip link set lo up
`;

const refusal = (): string | false => {
  if (!isRoot) return 'only root can have a private /etc';
  if (!existsSync('/usr/sbin/update-inetd')) return 'there is no update-inetd';
  const { status } = spawnSync('unshare', ['-m', '-n', 'sh', '-c', stage], { env: { PATH: searchPath } });
  return status === 0 ? false : 'this machine has no overlays';
};

const play = `${stage}
wait_for() {
  count=0
  until eval "$1"; do
    count=$((count + 1))
    [ "$count" -lt 3000 ] || { echo "waited for $1"; exit 1; }
    sleep 0.01
  done
}
runs() { [ "$(cut -d' ' -f1,2 "/proc/$pid/stat")" = "$pid (inetd)" ]; }
printf 'time\\tstream\\ttcp\\tnowait\\troot\\tinternal\\n' >/etc/inetd.conf
[ ! -e /run/inetd.pid ]
"$NODE" "$MAIN" inetd 2>/run/log
pid=$(cat /run/inetd.pid)
runs && echo "the name is inetd when the command comes back"
update-inetd --add 'finger\\tstream\\ttcp\\tnowait\\troot\\t/bin/echo\\techo added' >/dev/null
wait_for '[ "$(nc -N 127.0.0.1 79 </dev/null)" = added ]'
echo added
update-inetd --disable finger >/dev/null
grep -q '^#<off># *finger' /etc/inetd.conf
wait_for '! nc -z 127.0.0.1 79'
nc -z 127.0.0.1 37
echo disabled
update-inetd --enable finger >/dev/null
wait_for '[ "$(nc -N 127.0.0.1 79 </dev/null)" = added ]'
echo enabled
update-inetd --remove finger >/dev/null
wait_for '! nc -z 127.0.0.1 79'
echo removed
runs && [ "$(cat /run/inetd.pid)" = "$pid" ] && echo 'it is still the same one'
kill "$pid"
wait_for '[ ! -e /run/inetd.pid ]'
wait_for '[ ! -e "/proc/$pid" ]'
echo ended
"$NODE" "$MAIN" inetd -i 2>/run/log2 &
pid=$!
wait_for '[ -s /run/inetd.pid ]'
runs && [ "$(cat /run/inetd.pid)" = "$pid" ] && echo 'in the foreground too'
kill "$pid"
wait "$pid"
`;

t.test('services come, rest, come back and go', { skip: refusal() }, async (t) => {
  const { code, stdout, stderr } = await run(
    'unshare',
    ['-m', '-n', '-p', '-f', '--mount-proc', 'sh', '-c', play],
    {
      environment: { MAIN: mainModule, NODE: process.execPath, DEBIAN_FRONTEND: 'noninteractive' },
      timeout: 120_000,
    },
  );
  t.equal(code, 0, stderr);
  t.equal(
    stdout,
    `the name is inetd when the command comes back
added
disabled
enabled
removed
it is still the same one
ended
in the foreground too
`,
  );
});

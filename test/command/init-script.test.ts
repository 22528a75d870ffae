// Debian's own start script of xinetd, unchanged, with acceptd as /usr/sbin/xinetd: in a private /etc, /run and /usr/sbin.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { isRoot, run, searchPath } from '../support/command.ts';
import { mainModule, projectDirectory } from './stage.ts';
import { service } from './xinetd-stage.ts';

// each of these starts processes, which takes seconds on a machine that is busy
t.setTimeout(300_000);

const script = '/etc/init.d/xinetd';

/** Overlays over what the script names; the network is private too, so that any port is free. */
const stage = `set -eu
mount -t tmpfs tmpfs /mnt
mkdir /mnt/sbin /mnt/etc /mnt/work /mnt/work2
mount -t overlay overlay -o lowerdir=/usr/sbin,upperdir=/mnt/sbin,workdir=/mnt/work /usr/sbin
mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/etc,workdir=/mnt/work2 /etc
mount -t tmpfs tmpfs /run
ip link set lo up
`;

const refusal = (): string | false => {
  if (!isRoot) return 'only root can have a private /etc';
  if (!existsSync(script)) return `there is no ${script}`;
  const { status } = spawnSync('unshare', ['-m', '-n', 'sh', '-c', stage], { env: { PATH: searchPath } });
  return status === 0 ? false : 'this machine has no overlays';
};

const play = `${stage}
ln -sf "$MAIN" /usr/sbin/xinetd
chmod +x "$MAIN"
cp "$DEFAULTS" /etc/default/xinetd
printf '%s' "$XINETD_CONF" >/etc/xinetd.conf
printf '%s' "$INETD_CONF" >/etc/inetd.conf
wait_for() {
  count=0
  until eval "$1"; do
    count=$((count + 1))
    [ "$count" -lt 2000 ] || { echo "waited for $1"; exit 1; }
    sleep 0.01
  done
}
${script} start >/dev/null
wait_for '[ -s /run/xinetd.pid ]'
pid=$(cat /run/xinetd.pid)
echo "runs as $(cat /proc/$pid/comm)"
echo xinetd.conf | nc -N 127.0.0.1 7001
echo inetd.conf | nc -N 127.0.0.1 7002
echo both | nc -N 127.0.0.1 7003
${script} status >/dev/null
echo "status $?"
wait_for '[ -e /run/xinetd.dump ]'
head -n 1 /run/xinetd.dump
printf '%s' "$XINETD_CONF" | sed 's/7001/7004/' >/etc/xinetd.conf
${script} reload >/dev/null
wait_for 'nc -z 127.0.0.1 7004'
echo reloaded
(sleep 600 | nc 127.0.0.1 7004 >/dev/null) &
wait_for 'pgrep -P $pid -x cat >/dev/null'
handler=$(pgrep -P $pid -x cat)
${script} stop >/dev/null
echo "stop $?"
wait_for '[ ! -e /run/xinetd.pid ]'
wait_for '[ ! -e /proc/$pid ]'
[ -e /proc/$handler ] && echo 'who was served is served'
kill $handler
`;

t.test('start, status, reload and stop', { skip: refusal() }, async (t) => {
  const lines = { user: 'root' };
  const xinetdConf = service('one', 7001, lines) + service('both', 7003, { ...lines, server: '/bin/cat' });
  const inetdConf = [
    '127.0.0.1:7002 stream tcp nowait root /bin/cat cat',
    '127.0.0.1:7003 stream tcp nowait root /bin/echo echo from the wrong file',
    '',
  ].join('\n');
  const { code, stdout, stderr } = await run(
    'unshare',
    ['-m', '-n', '-p', '-f', '--mount-proc', 'sh', '-c', play],
    {
      environment: {
        MAIN: mainModule,
        DEFAULTS: join(projectDirectory, 'conf/xinetd.default'),
        XINETD_CONF: xinetdConf,
        INETD_CONF: inetdConf,
      },
      timeout: 90_000,
    },
  );
  t.equal(code, 0, stderr);
  t.match(
    stdout,
    /^runs as xinetd\nxinetd\.conf\ninetd\.conf\nboth\nstatus 0\nINTERNAL STATE DUMP: acceptd .*\nreloaded\nstop 0\nwho was served is served\n$/,
  );
});

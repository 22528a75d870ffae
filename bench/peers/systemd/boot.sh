#!/bin/sh
# boot.sh CGROUP HANDLERS UNITS: becomes a systemd that is process 1 of namespaces of its own.
#
# It stands on an overlay of this machine's root, so that nothing it writes stays; it shares the network, so that the
# clients reach it as they reach every other server. CGROUP is a cgroup (version 2) made for it, HANDLERS a directory
# that it sees as /opt/acceptd-bench, UNITS a directory with its units, one of them bench.target.
set -eu
if [ "${1:-}" != --inside ]; then
  echo $$ >"$1/cgroup.procs"
  # The kernel ends everything in a process namespace with its process 1, and that one ends with unshare.
  exec unshare --mount --pid --fork --kill-child=SIGKILL --uts --ipc --cgroup "$0" --inside "$2" "$3"
fi
handlers=$2 units=$3
mount --make-rprivate /
# Any directory will do: only this mount namespace sees what is mounted on it.
mount -t tmpfs -o size=256m tmpfs "$units/root"
cd "$units/root"
mkdir upper work root
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
cd root
mount -t proc proc proc
# It shares the kernel's settings with everybody.
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mkdir -p opt/acceptd-bench mnt
mount --bind "$handlers" opt/acceptd-bench
rm -rf etc/systemd/system etc/systemd/system.conf etc/systemd/system.conf.d
mkdir -p etc/systemd/system
cp "$units"/*.* etc/systemd/system/
for directory in run tmp dev; do mount -t tmpfs tmpfs $directory; done
for device in null zero full random urandom tty; do
  : >dev/$device
  mount --bind /dev/$device dev/$device
done
mkdir -p dev/shm dev/pts
ln -s /proc/self/fd dev/fd
pivot_root . mnt
umount -l /mnt
# Without a console and without records: it would write several for each connection.
exec env -i container=acceptd-bench PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --unit=bench.target --log-target=console --log-level=err --show-status=0

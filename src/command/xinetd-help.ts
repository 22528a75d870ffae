// What `acceptd xinetd --help` says.

export const xinetdHelp = `acceptd xinetd [OPTION...]

Serves an xinetd.conf as xinetd does: in the background, with a pid file. Also when acceptd is started as 'xinetd'.

xinetd's options:
  -f FILE            the configuration (default /etc/xinetd.conf)
  -d                 stay in the foreground and log everything, as records on stderr
  -dontfork          stay in the foreground, also without services
  -stayalive         start without services too
  -pidfile FILE      where to write the pid; empty for nowhere (default in the background: /run/xinetd.pid)
  -filelog FILE      log to this file, in xinetd's form
  -syslog FACILITY   log to syslog, in xinetd's form (default in the background: daemon; in the foreground: records on stderr)
  -limit N           processes of all services at once
  -cc SECONDS        check the consistency of all tables every so many seconds
  -inetd_compat      read /etc/inetd.conf too, where it is there; of two services at one address xinetd.conf's stays
  -version           print the version on stderr
  -logprocs N, -reuse, -shutdownprocs N, -inetd_ipv6   change nothing, and are told so

acceptd's own:
  --quotes           words of the configuration may be quoted
  --mapped           IPv4 clients are ::ffff:a.b.c.d in logs and for handlers where xinetd writes them so
  --strict-reload    a reload ends instances whose service is gone or whose client would not be let in any more
  --without-wrappers do not consult hosts.allow and hosts.deny
  --guard            start acceptd again when it fails; clients wait meanwhile and are not refused
  --drain SECONDS    what instances get to end at TERM (default 10)
  --drain-delay SECONDS  clients are served so long at TERM while /readyz says no (default 0)
  --control PATH     where the control socket is made (default: there is none)
  --control-group NAME  group whose members may look through it
  --control-http ADDRESS:PORT  /livez, /readyz and /metrics over TCP
  --dump FILE        where USR1 writes the state (default /run/xinetd.dump)
  --log-level NAME   least important record on stderr: debug, info, warn, error, silent
  --log-format NAME  records on stderr: auto, json, pretty
  --syslog-format NAME  how syslog is written to: rfc3164, rfc5424
  --help             this text

Signals: HUP and USR2 read the configuration again, TERM and INT let instances end and stop, QUIT stops at once and ends
nobody, USR1 writes the state, ABRT checks the consistency, ALRM tries failed sockets again.

Options with one dash that nobody knows are told and passed over, as scripts expect it.

Examples:
  acceptd xinetd -d -f ./xinetd.conf                   try a file
  acceptd xinetd -pidfile /run/xinetd.pid -stayalive   as Debian's start script does it
  acceptd xinetd -dontfork -filelog /dev/stdout        in a container

Exit status: 0 done, 64 usage, 70 our bug, 71 the system refused, 78 configuration.
`;

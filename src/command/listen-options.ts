// The options of acceptd listen, in words.
import type { Argv } from 'yargs';
import { activations } from '../model/daemon.ts';
import { wholeNumber } from './option-values.ts';

/** Options of the program that is started. */
export const limitOptions = <Options>(command: Argv<Options>) =>
  command
    .option('user', { type: 'string', describe: 'run the program as this user' })
    .option('group', { type: 'string', describe: 'and with this group' })
    .option('instances', {
      type: 'number',
      coerce: wholeNumber('instances'),
      describe: 'at most so many at once; further clients wait',
    })
    .option('per-source', {
      type: 'number',
      coerce: wholeNumber('per-source'),
      describe: 'at most so many at once for one client address',
    })
    .option('cps', { type: 'string', describe: 'N or "N PAUSE": starts per second, then a pause' })
    .option('on-limit', { choices: ['hold', 'refuse'] as const, describe: 'let clients wait, or close' })
    .option('wait', { type: 'boolean', default: false, describe: 'hand over the listening socket itself' })
    .option('stderr', { choices: ['log', 'client', 'null'] as const, describe: 'where its stderr goes' })
    .option('env', {
      alias: ['E', 'setenv'],
      type: 'string',
      array: true,
      nargs: 1,
      describe: 'NAME=VALUE for its environment, or NAME to pass on what it is here',
    })
    .option('chdir', { type: 'string', describe: 'its working directory' })
    .option('backlog', {
      type: 'number',
      coerce: wholeNumber('backlog'),
      describe: 'length of the listen queue',
    });

/** `listen_fds`, as configurations write it. */
const activationWords = activations.map((word) => word.replaceAll('-', '_'));

const usage = `$0 listen ADDRESS... -- PROGRAM [ARGUMENT...]       a program for each client
$0 listen -l ADDRESS... -- DAEMON [ARGUMENT...]     one daemon for all sockets, as systemd-socket-activate

ADDRESS: PORT, HOST:PORT, /path, @abstract-name, with tcp:, udp:, unix:, unix-dgram:, seqpacket: or vsock: before it where it is to be another kind of socket.
Sockets that acceptd was started with (LISTEN_FDS) come first.`;

/** Which sockets, and who gets them. */
export const listenOptions = <Options>(command: Argv<Options>) =>
  command
    .usage(usage)
    .positional('addresses', { type: 'string', array: true, describe: 'where to listen' })
    .option('listen', {
      alias: 'l',
      type: 'string',
      array: true,
      nargs: 1,
      describe: 'where to listen; the program is a daemon then, unless --accept is given',
    })
    .option('datagram', {
      alias: 'd',
      type: 'boolean',
      default: false,
      describe: 'addresses are of datagrams (UDP)',
    })
    .option('seqpacket', {
      type: 'boolean',
      default: false,
      describe: 'addresses are of packets in sequence',
    })
    .option('accept', {
      alias: 'a',
      type: 'boolean',
      default: false,
      describe: 'a program for each client, with the connection as stdin, stdout and descriptor 3',
    })
    .option('inetd', {
      type: 'boolean',
      default: false,
      describe: 'stdin and stdout alone: with --accept the connection, else the one socket',
    })
    .option('daemon', {
      type: 'boolean',
      default: false,
      describe: 'one daemon for all sockets, started by the first client: --activation listen_fds',
    })
    .option('activation', {
      choices: activationWords,
      describe: 'how the daemon learns of its sockets; adopt: it binds them itself',
    })
    .option('fdname', {
      type: 'string',
      nargs: 1,
      describe: 'NAME, or NAME:NAME... for each socket (LISTEN_FDNAMES)',
    })
    .option('now', {
      type: 'boolean',
      default: false,
      describe: 'the daemon starts at once, and again whenever it ends',
    })
    .option('notify', {
      type: 'boolean',
      default: false,
      describe: 'the daemon says itself when it is ready (NOTIFY_SOCKET)',
    })
    .option('idle-stop', {
      type: 'string',
      nargs: 1,
      describe: 'the daemon is stopped after so long without a connection (10min), and started again',
    })
    .example('$0 listen 8080 -- /bin/cat', 'an echo server on all addresses')
    .example(
      '$0 listen 127.0.0.1:2000 [::1]:2000 --instances 4 -- ./server -v',
      'two addresses, four at once',
    )
    .example('$0 listen udp:127.0.0.1:6969 --wait -- in.tftpd -s /srv/tftp', 'a server that takes the socket')
    .example('$0 listen -l 8080 -l /run/web.sock -- gunicorn app:app', 'a daemon that finds LISTEN_FDS=2')
    .example(
      '$0 listen 127.0.0.1:6379 --activation adopt --idle-stop 10min -- redis-server --port 6379',
      'a daemon that binds itself',
    );

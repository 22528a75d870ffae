// As whom and with which attributes a service's program runs, and which protections it would not have.
import t from 'tap';
import { capabilityNames } from '../../../src/model/capability.ts';
import { readService } from './service.ts';

const read = (text: string, allowsUnprotected = false) =>
  readService(`ExecStart=/bin/a\n${text}`, { allowsUnprotected });
const settings = (text: string) => read(text).part?.process;
const said = (text: string): string => read(text).messages.join('\n');

t.test('with nothing written a process is as systemd has it', async (t) => {
  t.same(settings(''), {
    hasSession: true,
    nice: undefined,
    umask: 0o022,
    workingDirectory: '/',
    rootDirectory: undefined,
    resourceLimits: [],
    privileges: undefined,
    scheduling: undefined,
    ignoresPipe: true,
  });
});

t.test('users, groups and directories', async (t) => {
  t.same(
    read('User=www-data\nGroup=33\nSupplementaryGroups=adm audio\nSupplementaryGroups=video').part
      ?.credentials,
    {
      user: 'www-data',
      group: '33',
      supplementaryGroups: ['adm', 'audio', 'video'],
    },
  );
  t.match(said('User=a b'), "3:6: error: no account could be called 'a b'");
  t.equal(settings('WorkingDirectory=~')?.workingDirectory, '~');
  t.equal(settings('WorkingDirectory=-/srv//a')?.workingDirectory, '-/srv/a');
  t.match(said('WorkingDirectory=srv'), 'no absolute path');
  t.match(settings('RootDirectory=/srv\nUMask=077\nNice=-5\nIgnoreSIGPIPE=no'), {
    rootDirectory: '/srv',
    umask: 0o077,
    nice: -5,
    ignoresPipe: false,
  });
  t.match(said('Nice=20'), 'out of range');
  t.match(said('UMask=8'), 'no octal number');
});

t.test('limits: counts, sizes, times, levels, soft and hard', async (t) => {
  const limit = (text: string) => settings(text)?.resourceLimits[0];
  t.same(limit('LimitNOFILE=1024:524288'), { resource: 'nofile', soft: 1024, hard: 524_288 });
  t.same(limit('LimitCORE=infinity'), { resource: 'core', soft: undefined, hard: undefined });
  t.same(limit('LimitAS=4G:16G'), { resource: 'as', soft: 4 * 2 ** 30, hard: 16 * 2 ** 30 });
  t.same(limit('LimitMEMLOCK=64K'), { resource: 'memlock', soft: 65_536, hard: 65_536 });
  t.same(limit('LimitCPU=1min 500ms'), { resource: 'cpu', soft: 61, hard: 61 });
  t.same(limit('LimitRTTIME=500'), { resource: 'rttime', soft: 500, hard: 500 });
  t.same(limit('LimitRTTIME=2ms'), { resource: 'rttime', soft: 2000, hard: 2000 });
  t.same(limit('LimitNICE=-10'), { resource: 'nice', soft: 30, hard: 30 });
  t.same(limit('LimitNICE=15'), { resource: 'nice', soft: 15, hard: 15 });
  t.same(limit('LimitNPROC=10:infinity'), { resource: 'nproc', soft: 10, hard: undefined });
  t.match(said('LimitNOFILE=64K'), "3:13: error: '64K' is no limit");
  t.match(said('LimitNOFILE=2:1'), 'is above the hard one');
  t.match(said('LimitNOFILE=infinity:1'), 'is above the hard one');
});

t.test('scheduling', async (t) => {
  t.match(
    settings(
      'CPUSchedulingPolicy=rr\nCPUSchedulingPriority=10\nCPUSchedulingResetOnFork=yes\nCPUAffinity=0,2 4-6\nIOSchedulingClass=2\nIOSchedulingPriority=7\nOOMScoreAdjust=-1000',
    )?.scheduling,
    {
      policy: 'rr',
      priority: 10,
      resetsOnFork: true,
      affinity: [0, 2, 4, 5, 6],
      ioClass: 'best-effort',
      ioPriority: 7,
      oomScoreAdjust: -1000,
    },
  );
  t.match(said('CPUSchedulingPriority=5'), "the policy 'other' has no priorities");
  t.match(said('CPUSchedulingPolicy=fifo\nCPUSchedulingPriority=0'), 'priorities from 1 on');
  t.match(said('CPUAffinity=1-x'), "'1-x' is no processor");
  t.match(said('OOMScoreAdjust=1001'), 'out of range');
});

t.test('capabilities are added, taken away, none and all', async (t) => {
  const bounding = (...lines: readonly string[]) =>
    settings(lines.map((line) => `CapabilityBoundingSet=${line}`).join('\n'))?.privileges?.bounding;
  t.same(bounding('CAP_CHOWN CAP_KILL'), ['chown', 'kill']);
  t.same(bounding('cap_chown', 'CAP_KILL'), ['chown', 'kill']);
  t.same(
    bounding('~CAP_CHOWN'),
    capabilityNames.filter((name) => name !== 'chown'),
  );
  t.same(bounding('CAP_CHOWN CAP_KILL', '~CAP_KILL'), ['chown']);
  t.same(bounding(''), []);
  t.equal(bounding('~'), undefined);
  t.match(
    settings('AmbientCapabilities=CAP_NET_BIND_SERVICE\nNoNewPrivileges=yes\nSecureBits=noroot keep-caps'),
    {
      privileges: {
        bounding: undefined,
        ambient: ['net_bind_service'],
        secureBits: 17,
        noNewPrivileges: true,
      },
    },
  );
  t.match(said('CapabilityBoundingSet=CAP_FLY'), "3:23: error: there is no capability 'CAP_FLY'");
  t.match(said('SecureBits=rot'), "there is no secure bit 'rot'");
});

t.test('what promises protection and is not applied is an error, or told where it is allowed', async (t) => {
  for (const line of [
    'PrivateTmp=yes',
    'PrivateTmp=disconnected',
    'ProtectSystem=strict',
    'ProtectHome=read-only',
    'PrivateUsers=self',
    'ProtectProc=invisible',
    'SystemCallFilter=@system-service',
    'RestrictAddressFamilies=AF_INET AF_INET6',
    'RestrictNamespaces=yes',
    'RestrictNamespaces=~user',
    'InaccessiblePaths=/srv',
    'DevicePolicy=closed',
    'DynamicUser=yes',
    'IPAddressDeny=any',
    'AppArmorProfile=a',
    'MemoryDenyWriteExecute=on',
  ]) {
    const key = line.slice(0, line.indexOf('='));
    t.match(said(line), `${key}= is not applied: it `, line);
    t.match(said(line), 'start with --allow-unprotected', line);
    const allowed = read(line, true);
    t.match(allowed.messages.join(), `warning: ${key}= is not applied: it `, line);
    t.ok(allowed.part, line);
  }
  t.equal(read('DynamicUser=yes', true).part?.credentials.user, 'nobody', 'never root');
});

t.test('what switches nothing on is nothing', async (t) => {
  t.same(
    said(
      'PrivateTmp=no\nProtectSystem=false\nProtectHome=off\nProtectProc=default\nProcSubset=all\nDevicePolicy=auto\nSystemCallFilter=\nRestrictNamespaces=no\nDynamicUser=0\nPrivateUsers=off\nReadWritePaths=/srv\nIPAddressAllow=localhost',
    ),
    '',
  );
  t.match(said('ProtectSystem=strickt'), "3:15: error: 'strickt' is not known here");
});

t.test('directives without effect are told, unknown ones with their nearest name', async (t) => {
  t.match(said('MemoryMax=1G'), '3:1: warning: MemoryMax= has no effect');
  t.same(said('Slice=system.slice\nDelegate=yes\nSyslogIdentifier=a\nCPUWeight=10\nX-Own=1'), '');
  t.match(said('LoadCredential=a:/b'), 'warning: LoadCredential= has no effect');
  t.match(
    said('WorkingDirectoy=/srv'),
    'there is no WorkingDirectoy= in [Service]; did you mean WorkingDirectory=?',
  );
});

// Any hosts.allow, hosts.deny and request, with words that often match and everything that may trouble a reader.
import fc from 'fast-check';

/** Directories in which pattern files and banners are. */
export type Places = { readonly patterns: readonly string[]; readonly banners: string };

/** Clients that have a name: reverse and forward agree, but of `liar.example`, whose address has the name of another. */
export const namedClients = [
  { written: 'good.example', host: '192.0.2.1', name: 'good.example' },
  { written: 'www.deep.example.org', host: '198.51.100.7', name: 'www.deep.example.org' },
  { written: 'bare', host: '10.1.2.3', name: 'bare' },
  { written: 'six.example', host: '2001:db8::1', name: 'six.example' },
  { written: 'liar.example', host: '192.0.2.3', name: 'paranoid' },
] as const;

export const hostsFile = `127.0.0.1 localhost
192.0.2.9 mask.example
192.0.2.3 mask.example liar.example
${namedClients.flatMap(({ host, name }) => (name === 'paranoid' ? [] : [`${host} ${name}`])).join('\n')}
`;
export const netgroupFile = 'friends (good.example,,) (bare,,)\nnobody (none.example,,)\neverybody (,,)\n';
export const netgroups: Readonly<Record<string, (host: string) => boolean>> = {
  friends: (host) => ['good.example', 'bare'].includes(host),
  nobody: (host) => host === 'none.example',
  everybody: () => true,
};

const numericClients = [
  '127.0.0.1',
  '10.1.2.3',
  '192.0.2.1',
  '192.0.2.200',
  '198.51.100.7',
  '255.255.255.255',
  '::1',
  '2001:db8::1',
  '2001:db8:1:2::ffff',
  'fe80::1',
];

const daemons = ['in.ftpd', 'sshd', 'FINGER', 'probe'];
const users = ['root', 'alice', 'Bob'];

const texts = ['*', '?*', '**', 'a**', '.', '..', 'x', '@', '[', ']', 'known', 'unknown'];

const wildcards = fc.constantFrom('ALL', 'all', 'LOCAL', 'KNOWN', 'UNKNOWN', 'PARANOID', 'Paranoid');
const addresses4 = fc.constantFrom(
  '127.0.0.1',
  '10.1.2.3',
  '192.0.2.1',
  '192.0.2.200',
  '192.0.2.201',
  '192.000.2.1',
);
const beginnings = fc.constantFrom('127.', '10.', '10.1.', '192.0.2.', '2001:', 'good.', '192.0.2.2.');
const endings = fc.constantFrom('.example', '.EXAMPLE', '.example.org', '.org', '.2.1', '.1', '.');
const names = fc.constantFrom(
  'good.example',
  'Good.Example',
  'bare',
  'mask.example',
  'liar.example',
  'www.deep.example.org',
  'six.example',
  'paranoid',
);
const networks4 = fc.constantFrom(
  '192.0.2.0/24',
  '192.0.2.0/255.255.255.0',
  '192.0.2.1/24',
  '192.0.2.1/32',
  '192.0.2.1/255.255.255.255',
  '0.0.0.0/0',
  '0.0.0.0/0.0.0.0',
  '10.0.0.0/8',
  '10.0.0.0/8x',
  '012.1.2.3/0xff.255.255.254',
  '0300.0.2.0/24',
  '10.0.0/8',
  '10/8',
  '192.0.2.0/33',
  '128.0.0.0/1',
  '192.0.2.0/',
  '192.0.2.0/a',
);
const networks6 = fc.constantFrom(
  '[::1]',
  '[2001:db8::1]',
  '[2001:DB8:0:0::1]',
  '[2001:db8::]/32',
  '[2001:db8:1::]/48',
  '[2001:db8:1:2::]/63',
  '[fe80::]/10',
  '[fe80::1]/127',
  '[::]/0',
  '[2001:db8::1]/128',
  '[2001:db8::1]/129',
  '[2001:db8::1]/-1',
  '[::ffff:10.1.2.3]',
  '[10.1.2.3]',
  '[good.example]',
  '::1',
  '[::1',
  '::1]',
);
const globs = fc.constantFrom(
  '192.0.2.*',
  '192.0.?.1',
  '*.example',
  'g??d.*',
  '*',
  '**',
  '?',
  '*1',
  '10.1.2.3**',
  '*::*',
  '*:1',
  '*O?G',
  'b*',
);

const hostWord = (places: Places): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: wildcards },
    { weight: 3, arbitrary: addresses4 },
    { weight: 2, arbitrary: beginnings },
    { weight: 2, arbitrary: endings },
    { weight: 3, arbitrary: names },
    { weight: 3, arbitrary: networks4 },
    { weight: 3, arbitrary: networks6 },
    { weight: 2, arbitrary: globs },
    { weight: 1, arbitrary: fc.constantFrom(...texts) },
    { weight: 1, arbitrary: fc.constantFrom('@friends', '@nobody', '@everybody', '@absent') },
    { weight: 1, arbitrary: fc.constantFrom(...places.patterns) },
  );

const userWord = fc.constantFrom(
  'ALL',
  'KNOWN',
  'UNKNOWN',
  'root',
  'ROOT',
  'bob',
  'al*',
  '.e',
  'r.',
  'nobody',
);

const clientWord = (places: Places): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 5, arbitrary: hostWord(places) },
    { weight: 1, arbitrary: fc.tuple(userWord, hostWord(places)).map((parts) => parts.join('@')) },
  );

const daemonWord = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('ALL', 'ALL', 'all') },
  { weight: 5, arbitrary: fc.constantFrom(...daemons, 'finger', 'SSHD') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'in.*',
      's*',
      'KNOWN',
      'in.',
      '.ftpd',
      '23',
      '65536',
      '+21',
      'UNKNOWN',
      '/usr/sbin/sshd',
    ),
  },
);

const serverWord = (places: Places): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 8, arbitrary: daemonWord },
    { weight: 1, arbitrary: fc.tuple(daemonWord, hostWord(places)).map((parts) => parts.join('@')) },
  );

const separator = fc.constantFrom(' ', ', ', ',', '\t', ' ,, ', ' \\\n  ');

const list = (word: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.array(word, { minLength: 1, maxLength: 4 }),
      fc.array(fc.array(word, { minLength: 0, maxLength: 3 }), { maxLength: 2 }),
      separator,
      fc.constantFrom('EXCEPT', 'except'),
    )
    .map(([first, exceptions, between, except]) =>
      [first, ...exceptions].map((words) => words.join(between)).join(` ${except} `),
    );

const option = (places: Places): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('allow', 'ALLOW', 'deny', 'Deny') },
    {
      weight: 4,
      arbitrary: fc.constantFrom(
        'spawn /bin/true %a %u',
        'spawn = (echo a\\:b %n %% %q)',
        'severity mail.info',
        'severity notice',
        'severity=auth.DEBUG',
        'nice',
        'nice = 5',
        'nice -3',
        'umask 022',
        'umask = 0777',
        'keepalive',
        'linger 10',
        'setenv X y z',
        'setenv NAME',
        'setenv A %n%u',
        'rfc931',
        'rfc931 5',
        `banners ${places.banners}`,
        'banners /absent',
        'aclexec /bin/true %a',
      ),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'severity loud',
        'severity mail.loud',
        'severity x.info',
        'nice much',
        'umask 1000',
        'umask 9',
        'linger -1',
        'linger',
        'rfc931 0',
        'setenv X=y z',
        'keepalive now',
        'allow it',
        'spawn',
        'twist',
        'frobnicate',
        '/bin/true',
        '',
        ' ',
        'nice==5',
      ),
    },
    { weight: 3, arbitrary: fc.constantFrom('twist /bin/echo %c', 'twist = exec x') },
  );

const rule = (places: Places): fc.Arbitrary<string> =>
  fc
    .tuple(
      list(serverWord(places)),
      fc.constantFrom(':', ' : ', ': ', ' :\t'),
      list(clientWord(places)),
      fc.oneof(
        { weight: 3, arbitrary: fc.constant<readonly string[]>([]) },
        { weight: 2, arbitrary: fc.array(option(places), { minLength: 1, maxLength: 3 }) },
      ),
      fc.constantFrom('', '', '', ' ', '\t', '\r'),
    )
    .map(
      ([servers, colon, clients, options, end]) =>
        `${servers}${colon}${clients}${options.map((each) => ` : ${each}`).join('')}${end}`,
    );

const oddLine = fc.oneof(
  fc.constantFrom(
    '',
    '   ',
    '# a comment: ALL',
    '#ALL: ALL \\',
    '  # no comment: ALL',
    'no colon at all',
    ': ALL',
    'ALL :',
    'ALL: :',
    'ALL ALL',
    'EXCEPT: ALL',
    'ALL: EXCEPT',
    'sshd]: ALL',
    '[sshd: ALL',
    '\\',
  ),
  // just within libwrap's room, and just beyond it
  fc.constantFrom(2039, 2040, 2041, 4100).map((length) => `sshd: ${'x'.repeat(length - 4)} ALL`),
);

/** The file; `undefined` where there is none. Now and then the last line has no end. */
const file = (places: Places): fc.Arbitrary<string | undefined> =>
  fc.option(
    fc
      .tuple(
        fc.array(fc.oneof({ weight: 6, arbitrary: rule(places) }, { weight: 1, arbitrary: oddLine }), {
          maxLength: 4,
        }),
        fc.constantFrom('\n', '\n', '\n', '\n', '\n', '\n', '\n', ''),
      )
      .map(([lines, end]) => lines.join('\n') + (lines.length === 0 ? '' : end)),
    { nil: undefined, freq: 12 },
  );

export type WrapperCase = {
  readonly allow: string | undefined;
  readonly deny: string | undefined;
  readonly daemon: string;
  /** Numeric; undefined: not known. */
  readonly server: string | undefined;
  readonly user: string | undefined;
  /** `unknown`, or as in the table above, or a number. */
  readonly client: string;
};

/** `hasNames`: the look-ups of the other side know the hosts and netgroups above, and no others. */
export const wrapperCase = (places: Places, hasNames: boolean): fc.Arbitrary<WrapperCase> =>
  fc
    .record({
      allow: file(places),
      deny: file(places),
      daemon: fc.constantFrom(...daemons),
      server: hasNames
        ? fc.constantFrom(undefined, undefined, '192.0.2.1', '10.9.9.9', '2001:db8::1')
        : fc.constant(undefined),
      user: fc.constantFrom(undefined, undefined, ...users),
      client: fc.constantFrom(
        'unknown',
        ...numericClients,
        ...(hasNames ? namedClients.map(({ written }) => written) : []),
      ),
    })
    // nobody has asked the machine of a client whose address is not known, and our own is not known then either
    .map((each) => (each.client === 'unknown' ? { ...each, user: undefined, server: undefined } : each));

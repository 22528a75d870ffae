// What exim needs to take mail and keep it in the test's own directory.
import { chmodSync } from 'node:fs';
import type { Place } from './place.ts';

export const smtpConfig = (place: Place): string => {
  const spool = place.makeDirectory('spool');
  chmodSync(spool, 0o777);
  return place.write(
    'exim.conf',
    [
      'primary_hostname = mail.example',
      `spool_directory = ${spool}`,
      `log_file_path = ${spool}/%slog`,
      'queue_only',
      'host_lookup =',
      'rfc1413_query_timeout = 0s',
      'acl_smtp_rcpt = accept',
      '',
    ].join('\n'),
  );
};

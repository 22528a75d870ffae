// The dialect 'freebsd': texts beside what they mean and what is said about them.
import { testDialect } from './golden.ts';

await testDialect('freebsd');

// The dialect 'gnu': texts beside what they mean and what is said about them.
import { testDialect } from './golden.ts';

await testDialect('gnu');

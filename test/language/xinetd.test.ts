// xinetd.conf: texts beside what they mean and what is said about them.
import { testXinetd } from './golden.ts';

await testXinetd();

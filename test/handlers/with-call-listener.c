/* Runs a program under a filter that has a listener of calls already, as some containers do; it lets everything through. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 2) return 64;
  struct sock_filter program[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog filter = {1, program};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
  if (listener < 0) {
    perror("seccomp");
    return 71;
  }
  const pid_t parent = getpid();
  if (fork() == 0) {
    /* the filter has its listener as long as this lives */
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent) return 0;
    close(0);
    close(1);
    close(2);
    for (;;) pause();
  }
  close((int)listener);
  execv(argv[1], argv + 1);
  return 72;
}

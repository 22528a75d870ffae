// Writes what it found at its start to descriptor 1, one "name value" a line.
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static void report_descriptor(int number) {
  int flags = fcntl(number, F_GETFL);
  struct stat status;
  if (flags < 0 || fstat(number, &status) < 0) return;
  const char *kind = S_ISSOCK(status.st_mode) ? "socket" : S_ISCHR(status.st_mode) ? "device" : "other";
  printf("descriptor %d %s %s %lu\n", number, kind, flags & O_NONBLOCK ? "nonblocking" : "blocking",
         (unsigned long)status.st_ino);
}

static void report_descriptors(void) {
  DIR *directory = opendir("/proc/self/fd");
  if (!directory) {
    // in an empty root directory there is no /proc: ask for every number
    for (int number = 0; number < 65536; number++) report_descriptor(number);
    return;
  }
  for (struct dirent *entry; (entry = readdir(directory));) {
    int number = atoi(entry->d_name);
    if (entry->d_name[0] != '.' && number != dirfd(directory)) report_descriptor(number);
  }
  closedir(directory);
}

static void report_signals(void) {
  sigset_t blocked;
  sigprocmask(SIG_BLOCK, NULL, &blocked);
  for (int number = 1; number < NSIG; number++) {
    struct sigaction action;
    if (sigismember(&blocked, number) == 1) printf("blocked %d\n", number);
    if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL) printf("disposition %d\n", number);
  }
  // what libc hides from sigaction(2) the kernel tells
  FILE *status = fopen("/proc/self/status", "r");
  char line[256];
  while (status && fgets(line, sizeof line, status)) {
    char name[16], value[64];
    if (sscanf(line, "%15[^:]: %63s", name, value) == 2 && strncmp(name, "Sig", 3) == 0) printf("%s %s\n", name, value);
  }
  if (status) fclose(status);
}

int main(int count, char **arguments) {
  report_descriptors();
  report_signals();
  printf("pid %d\nsession %d\ngroup-leader %d\n", getpid(), getsid(0), getpgrp());
  printf("uid %d %d\ngid %d %d\n", getuid(), geteuid(), getgid(), getegid());
  gid_t groups[64];
  int groupCount = getgroups(64, groups);
  for (int i = 0; i < groupCount; i++) printf("group %d\n", groups[i]);
  printf("nice %d\n", getpriority(PRIO_PROCESS, 0));
  mode_t mask = umask(0);
  printf("umask %o\n", mask);
  char directory[4096];
  printf("directory %s\n", getcwd(directory, sizeof directory) ? directory : "?");
  struct stat root;
  stat("/", &root);
  printf("root %lu\n", (unsigned long)root.st_ino);
  for (int resource = 0; resource < RLIM_NLIMITS; resource++) {
    struct rlimit limit;
    getrlimit(resource, &limit);
    printf("limit %d %lld %lld\n", resource, (long long)limit.rlim_cur, (long long)limit.rlim_max);
  }
  for (int i = 0; i < count; i++) printf("argument %s\n", arguments[i]);
  for (char **variable = environ; *variable; variable++) printf("environment %s\n", *variable);
  return 0;
}

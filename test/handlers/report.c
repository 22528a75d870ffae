// Writes what it found at its start to descriptor 1, one "name value" a line.
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

extern char **environ;

static void report_descriptor(int number) {
  int flags = fcntl(number, F_GETFL);
  struct stat status;
  if (flags < 0 || fstat(number, &status) < 0) return;
  const char *kind = S_ISSOCK(status.st_mode) ? "socket" : S_ISCHR(status.st_mode) ? "device" : "other";
  printf("descriptor %d %s %s %lu\n", number, kind, flags & O_NONBLOCK ? "nonblocking" : "blocking",
         (unsigned long)status.st_ino);
  char link[64], target[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", number);
  ssize_t length = readlink(link, target, sizeof target - 1);
  const char *access = (flags & O_ACCMODE) == O_RDONLY ? "read" : (flags & O_ACCMODE) == O_WRONLY ? "write" : "both";
  if (length > 0) printf("target %d %s%s %.*s\n", number, access, flags & O_APPEND ? "+append" : "", (int)length, target);
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
    if (sscanf(line, "%15[^:]: %63s", name, value) != 2) continue;
    if (strncmp(name, "Sig", 3) == 0 || strncmp(name, "Cap", 3) == 0 || strcmp(name, "NoNewPrivs") == 0)
      printf("%s %s\n", name, value);
  }
  if (status) fclose(status);
}

static void report_scheduling(void) {
  struct sched_param parameter;
  sched_getparam(0, &parameter);
  printf("scheduler %d %d\n", sched_getscheduler(0), parameter.sched_priority);
  cpu_set_t processors;
  sched_getaffinity(0, sizeof processors, &processors);
  for (int number = 0; number < CPU_SETSIZE; number++)
    if (CPU_ISSET(number, &processors)) printf("processor %d\n", number);
  printf("io-priority %ld\n", syscall(SYS_ioprio_get, 1, 0));
  printf("secure-bits %d\n", prctl(PR_GET_SECUREBITS));
  int score = 0;
  FILE *file = fopen("/proc/self/oom_score_adj", "r");
  if (file && fscanf(file, "%d", &score) == 1) printf("oom-score %d\n", score);
  if (file) fclose(file);
}

/// Of a pidfd of its own, where pidfds have inodes of their own.
static void report_pidfd(void) {
  int descriptor = (int)syscall(SYS_pidfd_open, getpid(), 0);
  struct statfs file_system;
  struct stat status;
  if (descriptor >= 0 && fstatfs(descriptor, &file_system) == 0 && file_system.f_type == 0x50494446 &&
      fstat(descriptor, &status) == 0)
    printf("pidfd %lu\n", (unsigned long)status.st_ino);
  if (descriptor >= 0) close(descriptor);
}

int main(int count, char **arguments) {
  report_descriptors();
  report_signals();
  report_scheduling();
  report_pidfd();
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

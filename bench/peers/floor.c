// The floor: the least that an accept + clone(CLONE_VM) + exec loop can cost, without one thing a super-server adds.
//
//   floor copy|share|vfork|fork PORT PROGRAM [COUNT EXTRA_PORT]
//
// copy   the child gets a copy of the descriptor table and exec closes what it should not have; cheapest with few descriptors
// share  the child shares the table and leaves it with close_range(UNSHARE), which copies only what lies below the
//        listeners; independent of how many there are
// vfork, fork  the same loop with the calls that everybody knows
// COUNT listeners are opened besides the measured one, all on EXTRA_PORT of addresses of their own from 127.1.0.1 on.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { slot_count = 256, stack_size = 16384, backlog = 4096 };
// Listeners and the epoll descriptor live from here on, connections below.
enum { high_descriptors = 512 };
enum { inside = 0, outside = 1, waited_for = 2 };

// A child runs in our memory until it has exec'd: its stack and what it reads may not be used again before.
struct slot {
  int tid;      // the kernel clears it when the child has exec'd or died
  int table;    // share: inside our descriptor table, outside it, or inside and the loop waits for it
  int connection;
  bool unclosed;  // share: our copy of the connection is still to be closed
  char *stack;
};

static struct slot slots[slot_count];
static bool sharing;
static char *program;

static void fail(const char *what) {
  fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
  exit(71);
}

// Only wrappers that leave errno alone unless they fail: it is the parent's errno.
static int child(void *argument) {
  struct slot *slot = argument;
  char *arguments[] = {program, NULL};
  if (sharing) {
    long left = syscall(SYS_close_range, high_descriptors, ~0U, CLOSE_RANGE_UNSHARE);
    if (__atomic_exchange_n(&slot->table, outside, __ATOMIC_ACQ_REL) == waited_for)
      syscall(SYS_futex, &slot->table, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    if (left != 0) _exit(126);
  }
  for (int target = 0; target <= 2; target++) dup2(slot->connection, target);
  execve(program, arguments, environ);
  _exit(127);
}

static struct slot *start(int connection) {
  static unsigned next;
  struct slot *slot;
  for (unsigned tried = 0;; tried++) {
    slot = &slots[next++ % slot_count];
    if (!slot->unclosed && __atomic_load_n(&slot->tid, __ATOMIC_ACQUIRE) == 0) break;
    if (tried % slot_count == slot_count - 1) sched_yield();
  }
  slot->connection = connection;
  slot->unclosed = sharing;
  slot->table = inside;
  slot->tid = -1;
  int flags = CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD | (sharing ? CLONE_FILES : 0);
  if (clone(child, slot->stack + stack_size, flags, slot, NULL, NULL, &slot->tid) < 0) {
    slot->tid = 0;
    slot->table = outside;
  }
  return slot;
}

static int open_listener(struct in_addr ip, int port, int flags) {
  int one = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = ip};
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  if (listener < 0) fail("socket");
  if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0) fail("SO_REUSEADDR");
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0) fail("bind");
  if (listen(listener, backlog) != 0) fail("listen");
  int high = fcntl(listener, F_DUPFD_CLOEXEC, high_descriptors);
  if (high < 0) fail("F_DUPFD_CLOEXEC");
  close(listener);
  return high;
}

static void run_copying(int listener) {
  for (;;) {
    int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0) continue;
    start(connection);
    close(connection);
  }
}

static void run_forking(int listener, bool borrows_memory) {
  char *arguments[] = {program, NULL};
  for (;;) {
    int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0) continue;
    pid_t pid = borrows_memory ? vfork() : fork();
    if (pid == 0) {
      for (int target = 0; target <= 2; target++) dup2(connection, target);
      execve(program, arguments, environ);
      _exit(127);
    }
    close(connection);
  }
}

// Our copy of a connection has to stay until its child has left our table. The loop does not stand still for
// that as long as there is something to accept.
static void run_sharing(int epoll) {
  static struct slot *leaving[slot_count];
  unsigned first = 0, last = 0;
  struct epoll_event ready[16];
  for (;;) {
    int count = epoll_wait(epoll, ready, 16, first == last ? -1 : 0);
    for (int i = 0; i < count && last - first < slot_count; i++) {
      int connection = accept4(ready[i].data.fd, NULL, NULL, SOCK_CLOEXEC);
      if (connection >= 0) leaving[last++ % slot_count] = start(connection);
    }
    bool may_wait = count <= 0;
    while (first != last) {
      struct slot *slot = leaving[first % slot_count];
      int expected = inside;
      if (__atomic_load_n(&slot->table, __ATOMIC_ACQUIRE) != outside) {
        if (!may_wait) break;
        if (__atomic_compare_exchange_n(&slot->table, &expected, waited_for, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE) ||
            expected == waited_for)
          syscall(SYS_futex, &slot->table, FUTEX_WAIT_PRIVATE, waited_for, NULL, NULL, 0);
        continue;
      }
      close(slot->connection);
      slot->unclosed = false;
      first++;
      may_wait = false;
    }
  }
}

int main(int count, char **arguments) {
  if (count != 4 && count != 6) {
    fprintf(stderr, "usage: floor copy|share|vfork|fork PORT PROGRAM [COUNT EXTRA_PORT]\n");
    return 64;
  }
  sharing = strcmp(arguments[1], "share") == 0;
  program = arguments[3];
  int extra = count == 6 ? atoi(arguments[4]) : 0;
  int extra_port = count == 6 ? atoi(arguments[5]) : 0;
  // Ended children vanish by themselves: not even a wait.
  signal(SIGCHLD, SIG_IGN);

  int flags = sharing ? SOCK_NONBLOCK : 0;
  struct in_addr ip = {htonl(INADDR_LOOPBACK)};
  int listener = open_listener(ip, atoi(arguments[2]), flags);
  int epoll = fcntl(epoll_create1(EPOLL_CLOEXEC), F_DUPFD_CLOEXEC, high_descriptors);
  for (int i = -1; i < extra; i++) {
    ip.s_addr = htonl(0x7f010001U + (unsigned)i);
    int opened = i < 0 ? listener : open_listener(ip, extra_port, flags);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = opened};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, opened, &event) != 0) fail("epoll_ctl");
  }
  for (int i = 0; i < slot_count; i++) {
    slots[i].stack = mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (slots[i].stack == MAP_FAILED) fail("mmap");
  }
  if (sharing) run_sharing(epoll);
  if (strstr(arguments[1], "fork") != NULL) run_forking(listener, arguments[1][0] == 'v');
  run_copying(listener);
}

// The floor of socket activation: waits for a client, starts the daemon with the listener as descriptor 3, waits for its end.
//
//   activate PORT PROGRAM
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what) {
  fprintf(stderr, "activate: %s: %s\n", what, strerror(errno));
  exit(71);
}

int main(int count, char **arguments) {
  if (count != 3) {
    fprintf(stderr, "usage: activate PORT PROGRAM\n");
    return 64;
  }
  int one = 1;
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)atoi(arguments[1])),
                                .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // not 3 itself: dup2 onto itself would leave it to be closed by the exec
  if (listener >= 0) listener = fcntl(listener, F_DUPFD_CLOEXEC, 10);
  if (listener < 0) fail("socket");
  if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0) fail("SO_REUSEADDR");
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0) fail("bind");
  if (listen(listener, 4096) != 0) fail("listen");
  for (;;) {
    struct pollfd waiting = {.fd = listener, .events = POLLIN};
    if (poll(&waiting, 1, -1) <= 0) continue;
    pid_t pid = vfork();
    if (pid == 0) {
      char *words[] = {arguments[2], NULL};
      dup2(listener, 3);
      execv(arguments[2], words);
      _exit(127);
    }
    if (pid > 0) waitpid(pid, NULL, 0);
  }
}

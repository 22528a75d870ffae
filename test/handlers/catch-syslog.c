// Stands in for syslogd: appends every datagram of a socket to a file, a line each, until it is told to end (TERM).
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static volatile sig_atomic_t isOver;

static void end(int number) {
  (void)number;
  isOver = 1;
}

int main(int count, char **arguments) {
  if (count < 3) return 64;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, arguments[1], sizeof address.sun_path - 1);
  unlink(address.sun_path);
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0) return 71;
  chmod(address.sun_path, 0666);
  FILE *file = fopen(arguments[2], "a");
  if (!file) return 71;
  // TERM comes through only while nothing is to be read
  sigset_t term, before;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  sigprocmask(SIG_BLOCK, &term, &before);
  const struct sigaction action = {.sa_handler = end};
  sigaction(SIGTERM, &action, NULL);
  puts("ready");
  fflush(stdout);
  static char bytes[65536];
  while (!isOver) {
    struct pollfd wanted = {descriptor, POLLIN, 0};
    ppoll(&wanted, 1, NULL, &before);
    for (ssize_t got; (got = recv(descriptor, bytes, sizeof bytes, MSG_DONTWAIT)) >= 0;)
      fprintf(file, "%.*s\n", (int)got, bytes);
  }
  return fclose(file) != 0;
}

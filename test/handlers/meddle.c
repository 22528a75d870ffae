// Shuts down a socket of another process: meddle PID DESCRIPTOR. For servers that are to find something wrong.
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc != 3) return 64;
  const int process = (int)syscall(SYS_pidfd_open, atoi(argv[1]), 0);
  if (process < 0) return perror("pidfd_open"), 71;
  const int descriptor = (int)syscall(SYS_pidfd_getfd, process, atoi(argv[2]), 0);
  if (descriptor < 0) return perror("pidfd_getfd"), 71;
  return shutdown(descriptor, SHUT_RDWR) < 0 ? perror("shutdown"), 71 : 0;
}

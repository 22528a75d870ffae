// Says one thing to a unix socket and prints what comes back: unix-client stream|dgram|seqpacket PATH TEXT.
// Status 2: nobody is there.
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int count, char **arguments) {
  if (count < 4) return 64;
  const int type = strcmp(arguments[1], "dgram") == 0 ? SOCK_DGRAM : strcmp(arguments[1], "stream") == 0 ? SOCK_STREAM : SOCK_SEQPACKET;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", arguments[2]);
  socklen_t length = (socklen_t)sizeof address;
  if (arguments[2][0] == '@') {
    // an abstract name begins with a NUL and has no end but its length
    address.sun_path[0] = 0;
    length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(arguments[2]));
  }
  const int server = socket(AF_UNIX, type, 0);
  // a name of our own, which the kernel chooses: a datagram server answers to it
  const sa_family_t nobody = AF_UNIX;
  if (type == SOCK_DGRAM && bind(server, (const struct sockaddr *)&nobody, sizeof nobody) < 0) return 1;
  if (connect(server, (struct sockaddr *)&address, length) < 0) return 2;
  if (write(server, arguments[3], strlen(arguments[3])) < 0) return 3;
  char bytes[4096];
  const ssize_t got = read(server, bytes, sizeof bytes);
  if (got < 0) return 4;
  return write(1, bytes, (size_t)got) < 0;
}

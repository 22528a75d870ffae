// Calls a unix socket from a socket with a name of its own, and prints what comes back: named-client PATH NAME.
// A NAME that begins with @ is abstract; an empty one is none.
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int count, char **arguments) {
  if (count < 3) return 64;
  const int server = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un own = {.sun_family = AF_UNIX};
  memcpy(own.sun_path, arguments[2], strlen(arguments[2]));
  if (own.sun_path[0] == '@') own.sun_path[0] = 0;
  const socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(arguments[2]));
  if (arguments[2][0] != 0 && bind(server, (struct sockaddr *)&own, length) < 0) return 1;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", arguments[1]);
  if (connect(server, (struct sockaddr *)&address, sizeof address) < 0) return 2;
  char bytes[65536];
  for (ssize_t got; (got = read(server, bytes, sizeof bytes)) != 0;)
    if (got < 0 || write(1, bytes, (size_t)got) < 0) return 3;
  return 0;
}

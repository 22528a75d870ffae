// Answers one datagram or one connection of the socket it is given whole, after so many milliseconds, and ends.
//
// The answer is the datagram itself, or a word that says how the listener came.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void wait_for(int milliseconds) {
  const struct timespec length = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  nanosleep(&length, NULL);
}

int main(int count, char **arguments) {
  const int milliseconds = count > 1 ? atoi(arguments[1]) : 0;
  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(0, SOL_SOCKET, SO_TYPE, &type, &size) < 0) return 1;
  if (type == SOCK_DGRAM) {
    char bytes[65536];
    struct sockaddr_storage sender;
    socklen_t length = sizeof sender;
    const ssize_t got = recvfrom(0, bytes, sizeof bytes, 0, (struct sockaddr *)&sender, &length);
    wait_for(milliseconds);
    return got < 0 || sendto(0, bytes, (size_t)got, 0, (struct sockaddr *)&sender, length) < 0;
  }
  const char *word = fcntl(0, F_GETFL) & O_NONBLOCK ? "nonblocking\n" : "blocking\n";
  const int client = accept(0, NULL, NULL);
  if (client < 0) return 1;
  wait_for(milliseconds);
  // with a second argument the listener is left shut down, as a server that wants no more clients may do
  if (count > 2) shutdown(0, SHUT_RDWR);
  return write(client, word, strlen(word)) < 0;
}

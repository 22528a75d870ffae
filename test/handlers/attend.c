// A server that finds out itself whether it was given a connection, a listener or a datagram socket, and says so.
// argv[1] is what it does: see main().
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int option(int socket, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  getsockopt(socket, SOL_SOCKET, name, &value, &length);
  return value;
}

static const char *kind_of(int socket) {
  struct sockaddr_storage peer;
  socklen_t length = sizeof peer;
  if (option(socket, SO_ACCEPTCONN) == 1) return "listener";
  if (getpeername(socket, (struct sockaddr *)&peer, &length) == 0) return "connected";
  return "unconnected";
}

static void print_address(FILE *out, const char *name, const struct sockaddr_storage *address) {
  char host[INET6_ADDRSTRLEN] = "?";
  if (address->ss_family == AF_INET) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
    fprintf(out, "%s inet %s %d\n", name, inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host), ntohs(v4->sin_port));
  } else if (address->ss_family == AF_INET6) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    fprintf(out, "%s inet6 %s %d\n", name, inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host), ntohs(v6->sin6_port));
  } else {
    fprintf(out, "%s %s\n", name, address->ss_family == AF_UNIX ? "unix" : "other");
  }
}

// What descriptor 0 is, as "name value" lines to the client.
static void describe(void) {
  struct sockaddr_storage address = {0};
  socklen_t length = sizeof address;
  printf("type %d\nkind %s\n", option(0, SO_TYPE), kind_of(0));
  if (getpeername(0, (struct sockaddr *)&address, &length) == 0) print_address(stdout, "remote", &address);
  length = sizeof address;
  if (getsockname(0, (struct sockaddr *)&address, &length) == 0) print_address(stdout, "local", &address);
  printf("sndbuf %d\nrcvbuf %d\n", option(0, SO_SNDBUF), option(0, SO_RCVBUF));
}

// Says "PID KIND WORD", then stays until the client goes.
static void stay(const char *word) {
  char line[256];
  const char *kind = kind_of(0);
  int client = strcmp(kind, "listener") == 0 ? accept(0, NULL, NULL) : 0;
  int length = snprintf(line, sizeof line, "%d %s %s\n", getpid(), kind, word);
  if (client < 0 || write(client, line, (size_t)length) < 0) return;
  while (read(client, line, sizeof line) > 0) continue;
}

// Takes one datagram and answers "PID KIND WORD TEXT"; whether there was one.
static int reply(const char *word, char *text, size_t size) {
  struct sockaddr_storage sender;
  socklen_t length = sizeof sender;
  ssize_t got = recvfrom(0, text, size - 1, 0, (struct sockaddr *)&sender, &length);
  if (got < 0) return 0;
  text[got] = '\0';
  char answer[1024];
  const char *kind = kind_of(0);
  int said = snprintf(answer, sizeof answer, "%d %s %s %s", getpid(), kind, word, text);
  if (strcmp(kind, "connected") == 0) return send(0, answer, (size_t)said, 0) >= 0;
  return sendto(0, answer, (size_t)said, 0, (struct sockaddr *)&sender, length) >= 0;
}

// As a client: writes what the server of an abstract name says. Node cannot connect to one.
static void dial(const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char text[512];
  int server = socket(AF_UNIX, SOCK_STREAM, 0);
  size_t length = strnlen(name, sizeof address.sun_path - 1);
  memcpy(address.sun_path + 1, name, length);
  if (connect(server, (struct sockaddr *)&address, (socklen_t)(sizeof(sa_family_t) + 1 + length)) < 0) return;
  for (ssize_t got; (got = read(server, text, sizeof text)) > 0;) fwrite(text, 1, (size_t)got, stdout);
}

int main(int count, char **arguments) {
  const char *action = count > 1 ? arguments[1] : "describe";
  const char *word = count > 2 ? arguments[2] : "-";
  char text[512];
  if (strcmp(action, "describe") == 0) describe();
  if (strcmp(action, "stay") == 0) stay(word);
  if (strcmp(action, "unblock") == 0) {
    // the flag belongs to the socket, not to this process
    stay(fcntl(0, F_GETFL) & O_NONBLOCK ? "nonblocking" : "blocking");
    fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
  }
  // "refuse" leaves at once what it was given
  if (strcmp(action, "dial") == 0) dial(word);
  if (strcmp(action, "reply") == 0) reply(word, text, sizeof text);
  if (strcmp(action, "linger") == 0 && reply(word, text, sizeof text)) {
    // leaves when another datagram waits, without taking it
    struct pollfd more = {.fd = 0, .events = POLLIN};
    poll(&more, 1, 15000);
  }
  if (strcmp(action, "talk") == 0)
    while (reply(word, text, sizeof text) && strcmp(text, "end") != 0) continue;
  return 0;
}

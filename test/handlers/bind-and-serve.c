/* A server that does what its arguments say, one after the other, and says on stdout how each went. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int fd = -1;

static void say(const char *what, int result) {
  printf("%s %s\n", what, result < 0 ? strerrorname_np(errno) : "ok");
  fflush(stdout);
}

static socklen_t parse(const char *text, struct sockaddr_storage *address) {
  memset(address, 0, sizeof *address);
  struct sockaddr_un *un = (struct sockaddr_un *)address;
  if (strchr(text, '/') || text[0] == '@') {
    un->sun_family = AF_UNIX;
    strncpy(un->sun_path, text, sizeof un->sun_path - 1);
    if (text[0] != '@') return sizeof *un;
    un->sun_path[0] = '\0';
    return offsetof(struct sockaddr_un, sun_path) + strlen(text);
  }
  char host[64];
  const char *colon = strrchr(text, ':');
  snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
  const uint16_t port = htons((uint16_t)atoi(colon + 1));
  if (strchr(host, ':')) {
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = port;
    inet_pton(AF_INET6, host, &v6->sin6_addr);
    return sizeof *v6;
  }
  struct sockaddr_in *v4 = (struct sockaddr_in *)address;
  v4->sin_family = AF_INET;
  v4->sin_port = port;
  inet_pton(AF_INET, host, &v4->sin_addr);
  return sizeof *v4;
}

static int open_socket(const char *kind) {
  const int domain = strstr(kind, "unix") ? AF_UNIX : strstr(kind, "inet6") ? AF_INET6 : AF_INET;
  const int type = strstr(kind, "dgram") ? SOCK_DGRAM : strstr(kind, "seqpacket") ? SOCK_SEQPACKET : SOCK_STREAM;
  return socket(domain, type, 0);
}

static int set_number(int level, int option, const char *value) {
  const int number = atoi(value);
  return setsockopt(fd, level, option, &number, sizeof number);
}

static void show_number(const char *name, int level, int option) {
  int number = -1;
  socklen_t size = sizeof number;
  getsockopt(fd, level, option, &number, &size);
  printf("%s=%d\n", name, number);
}

static void show(void) {
  struct sockaddr_storage own = {0};
  socklen_t size = sizeof own;
  getsockname(fd, (struct sockaddr *)&own, &size);
  printf("family=%s\n", own.ss_family == AF_INET ? "inet" : own.ss_family == AF_INET6 ? "inet6" : "unix");
  printf("nonblock=%d\n", (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  printf("cloexec=%d\n", (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  show_number("nodelay", IPPROTO_TCP, TCP_NODELAY);
  show_number("keepalive", SOL_SOCKET, SO_KEEPALIVE);
  show_number("rcvbuf", SOL_SOCKET, SO_RCVBUF);
  show_number("listening", SOL_SOCKET, SO_ACCEPTCONN);
  struct linger linger = {0};
  size = sizeof linger;
  getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size);
  printf("linger=%d,%d\n", linger.l_onoff, linger.l_linger);
  printf("nnp=%d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  printf("uid=%d\n", (int)getuid());
  fflush(stdout);
}

/* Beside the three streams and the directory that is read. */
static void show_descriptors(void) {
  DIR *directory = opendir("/proc/self/fd");
  printf("descriptors");
  for (struct dirent *entry; (entry = readdir(directory));) {
    const int number = atoi(entry->d_name);
    if (entry->d_name[0] != '.' && number > 2 && number != dirfd(directory)) printf(" %d", number);
  }
  printf("\n");
  fflush(stdout);
  closedir(directory);
}

static int answer(const char *text) {
  struct pollfd wanted = {fd, POLLIN, 0};
  if (poll(&wanted, 1, 60000) < 1) return -1;
  const int client = accept(fd, NULL, NULL);
  if (client < 0) return -1;
  const int result = (int)write(client, text, strlen(text));
  close(client);
  return result;
}

static int answer_datagram(const char *text) {
  struct sockaddr_storage from;
  socklen_t size = sizeof from;
  char byte;
  if (recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&from, &size) < 0) return -1;
  return (int)sendto(fd, text, strlen(text), 0, (struct sockaddr *)&from, size);
}

static void run(char **steps);

static void *in_thread(void *steps) {
  run(steps);
  fflush(stdout);
  _exit(0);
}

static void run(char **steps) {
  struct sockaddr_storage address;
  for (; *steps; steps++) {
    char *value = strchr(*steps, '=');
    if (value) *value++ = '\0';
    const char *step = *steps;
    if (!strcmp(step, "socket")) say(step, fd = open_socket(value));
    else if (!strcmp(step, "close")) say(step, close(fd));
    else if (!strcmp(step, "nonblock")) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    else if (!strcmp(step, "cloexec")) fcntl(fd, F_SETFD, FD_CLOEXEC);
    else if (!strcmp(step, "v6only")) set_number(IPPROTO_IPV6, IPV6_V6ONLY, value);
    else if (!strcmp(step, "nodelay")) set_number(IPPROTO_TCP, TCP_NODELAY, value);
    else if (!strcmp(step, "keepalive")) set_number(SOL_SOCKET, SO_KEEPALIVE, value);
    else if (!strcmp(step, "rcvbuf")) set_number(SOL_SOCKET, SO_RCVBUF, value);
    else if (!strcmp(step, "reuse")) set_number(SOL_SOCKET, SO_REUSEADDR, value);
    else if (!strcmp(step, "linger")) {
      const struct linger linger = {1, atoi(value)};
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    } else if (!strcmp(step, "bind")) {
      const socklen_t size = parse(value, &address);
      say(step, bind(fd, (struct sockaddr *)&address, size));
    } else if (!strcmp(step, "listen")) say(step, listen(fd, atoi(value)));
    else if (!strcmp(step, "accept")) say(step, answer(value));
    else if (!strcmp(step, "datagram")) say(step, answer_datagram(value));
    else if (!strcmp(step, "show")) show();
    else if (!strcmp(step, "descriptors")) show_descriptors();
    else if (!strcmp(step, "unlink")) say(step, unlink(value));
    else if (!strcmp(step, "chdir")) say(step, chdir(value));
    else if (!strcmp(step, "uid")) say(step, setuid((uid_t)atoi(value)));
    else if (!strcmp(step, "undumpable")) say(step, prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
    else if (!strcmp(step, "exec")) execl(value, value, "show-number", NULL);
    else if (!strcmp(step, "fork")) {
      fflush(stdout);
      if (fork() > 0) {
        wait(NULL);
        _exit(0);
      }
    } else if (!strcmp(step, "daemonize")) {
      fflush(stdout);
      if (fork() > 0) _exit(0);
      setsid();
    } else if (!strcmp(step, "thread")) {
      pthread_t thread;
      pthread_create(&thread, NULL, in_thread, steps + 1);
      pause();
    } else if (!strcmp(step, "wait")) {
      char byte;
      while (read(0, &byte, 1) > 0) {
      }
    } else {
      printf("%s unknown\n", step);
    }
  }
}

int main(int argc, char **argv) {
  (void)argc;
  run(argv + 1);
  return 0;
}

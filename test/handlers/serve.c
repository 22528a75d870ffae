// A daemon for tests: serves all its LISTEN_FDS, does what its clients tell it, and begins as its arguments say.
// Arguments: notify (says READY=1), fork (goes to the background, with pid-file=PATH), deaf (never accepts), end=STATUS
// (ends at once), stubborn (ignores SIGTERM), child (has a child that ignores SIGTERM), late=LINE (says LINE on stdout and
// then begins), say=TEXT (tells its notify socket; | is a newline), reloads (says at SIGHUP that it reloads and is ready
// again) or reloads-before (says when it has reloaded long ago).
// A client says one line: pid, names, exit N, say TEXT, child-say TEXT (a child says it and stays), main (goes on in a
// child, which it says is its main process now), store NAME, hold, die SIGNAL.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void tell(const char* text, int descriptor) {
  const char* name = getenv("NOTIFY_SOCKET");
  if (!name) return;
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  const size_t length = strlen(name);
  memcpy(to.sun_path, name, length);
  if (to.sun_path[0] == '@') to.sun_path[0] = 0;
  char message[512];
  size_t size = 0;
  for (; text[size] && size < sizeof message; size++) message[size] = text[size] == '|' ? '\n' : text[size];
  struct iovec part = {message, size};
  char control[CMSG_SPACE(sizeof(int))] = {0};
  struct msghdr header = {.msg_name = &to,
                          .msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length),
                          .msg_iov = &part,
                          .msg_iovlen = 1};
  if (descriptor >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    struct cmsghdr* right = CMSG_FIRSTHDR(&header);
    right->cmsg_level = SOL_SOCKET;
    right->cmsg_type = SCM_RIGHTS;
    right->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(right), &descriptor, sizeof(int));
  }
  const int out = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (sendmsg(out, &header, 0) < 0) perror("sendmsg");
  close(out);
}

/// Times of reloads are of CLOCK_MONOTONIC, in microseconds.
static long long reloadAge = 0;

static void reload(int signal) {
  (void)signal;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  char text[100];
  snprintf(text, sizeof text, "RELOADING=1|MONOTONIC_USEC=%lld",
           now.tv_sec * 1000000LL + now.tv_nsec / 1000 - reloadAge);
  tell(text, -1);
  if (reloadAge == 0) tell("READY=1", -1);
}

/// The child that lives on; the process that it comes from waits until it has told of it.
static void goOnInChild(void) {
  const pid_t child = fork();
  if (child <= 0) return;
  char text[64];
  snprintf(text, sizeof text, "MAINPID=%d", (int)child);
  tell(text, -1);
  _exit(0);
}

/// Returns when it was said; the child has nothing of the connection.
static void sayInChild(const char* text, int connection) {
  int done[2];
  if (pipe(done) < 0) return;
  const pid_t child = fork();
  if (child == 0) {
    tell(text, -1);
    close(connection);
    close(done[0]);
    close(done[1]);
    for (;;) pause();
  }
  close(done[1]);
  char byte;
  while (read(done[0], &byte, 1) > 0) continue;
  close(done[0]);
}

static void writeFile(const char* path, int number) {
  char fresh[4096];
  snprintf(fresh, sizeof fresh, "%s.new", path);
  FILE* out = fopen(fresh, "w");
  if (!out) return;
  fprintf(out, "%d\n", number);
  fclose(out);
  rename(fresh, path);
}

static void serve(int connection) {
  char line[512] = "";
  size_t length = 0;
  while (length < sizeof line - 1 && !memchr(line, '\n', length)) {
    const ssize_t got = read(connection, line + length, sizeof line - 1 - length);
    if (got <= 0) break;
    length += (size_t)got;
  }
  line[length] = 0;
  line[strcspn(line, "\n")] = 0;
  if (!strcmp(line, "hold")) {
    dprintf(connection, "held\n");
    return;
  }
  if (!strncmp(line, "store ", 6)) {
    char text[600];
    snprintf(text, sizeof text, "FDSTORE=1|FDNAME=%s", line + 6);
    tell(text, connection);
    dprintf(connection, "stored\n");
    close(connection);
    return;
  }
  if (!strncmp(line, "say ", 4)) tell(line + 4, -1);
  if (!strncmp(line, "child-say ", 10)) sayInChild(line + 10, connection);
  if (!strcmp(line, "names")) {
    const char* names = getenv("LISTEN_FDNAMES");
    const char* count = getenv("LISTEN_FDS");
    dprintf(connection, "%s %s\n", count ? count : "-", names ? names : "-");
  } else {
    dprintf(connection, "pid %d\n", getpid());
  }
  close(connection);
  if (!strcmp(line, "main")) goOnInChild();
  if (!strncmp(line, "exit ", 5)) exit(atoi(line + 5));
  if (!strncmp(line, "die ", 4)) kill(getpid(), atoi(line + 4));
}

static void answerDatagram(int socket) {
  struct sockaddr_storage from;
  socklen_t size = sizeof from;
  char text[512];
  const ssize_t got = recvfrom(socket, text, sizeof text - 1, 0, (struct sockaddr*)&from, &size);
  if (got < 0) return;
  const int length = snprintf(text, sizeof text, "pid %d\n", getpid());
  if (size > 0) sendto(socket, text, (size_t)length, 0, (struct sockaddr*)&from, size);
}

static int type(int socket) {
  int found = 0;
  socklen_t size = sizeof found;
  getsockopt(socket, SOL_SOCKET, SO_TYPE, &found, &size);
  return found;
}

int main(int count, char** words) {
  const char* pidFile = NULL;
  const char* late = NULL;
  int forks = 0, deaf = 0, notifies = 0;
  signal(SIGHUP, SIG_IGN);
  for (int at = 1; at < count; at++) {
    const char* word = words[at];
    if (!strcmp(word, "notify")) notifies = 1;
    if (!strcmp(word, "fork")) forks = 1;
    if (!strcmp(word, "deaf")) deaf = 1;
    if (!strcmp(word, "reloads-before")) reloadAge = 3600 * 1000000LL;
    if (!strncmp(word, "reloads", 7)) signal(SIGHUP, reload);
    if (!strcmp(word, "stubborn")) signal(SIGTERM, SIG_IGN);
    if (!strncmp(word, "pid-file=", 9)) pidFile = word + 9;
    if (!strncmp(word, "late=", 5)) late = word + 5;
    if (!strncmp(word, "end=", 4)) return atoi(word + 4);
    if (!strncmp(word, "say=", 4)) tell(word + 4, -1);
    if (!strcmp(word, "child") && fork() == 0) {
      signal(SIGTERM, SIG_IGN);
      for (;;) pause();
    }
  }
  if (forks) {
    if (fork() > 0) return 0;
    setsid();
    if (fork() > 0) _exit(0);
    if (pidFile) writeFile(pidFile, getpid());
  }
  if (late) {
    printf("%s\n", late);
    fflush(stdout);
  }
  if (notifies) tell("READY=1", -1);
  const char* number = getenv("LISTEN_FDS");
  const int sockets = number ? atoi(number) : 0;
  struct pollfd polled[32];
  int used = 0;
  for (int at = 0; at < sockets && used < 32; at++) {
    int isListening = 0;
    socklen_t size = sizeof isListening;
    if (getsockopt(3 + at, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &size) < 0) continue;
    if (isListening || type(3 + at) == SOCK_DGRAM) polled[used++] = (struct pollfd){3 + at, POLLIN, 0};
  }
  while (deaf) pause();
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  for (;;) {
    if (poll(polled, (nfds_t)used, -1) < 0) continue;
    for (int at = 0; at < used; at++) {
      if (!polled[at].revents) continue;
      if (type(polled[at].fd) == SOCK_DGRAM) {
        answerDatagram(polled[at].fd);
        continue;
      }
      // whoever is accepted is answered
      sigprocmask(SIG_BLOCK, &ending, NULL);
      const int connection = accept(polled[at].fd, NULL, NULL);
      if (connection >= 0) serve(connection);
      sigprocmask(SIG_UNBLOCK, &ending, NULL);
    }
  }
}

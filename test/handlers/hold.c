// Holds up every execution of one file (fanotify(7), FAN_OPEN_EXEC_PERM) until a byte comes on descriptor 0, then and at
// its end lets them all go. Writes a line for each thing that happens.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <unistd.h>

static int held[1024];
static int heldCount;

static void take(int notifier) {
  char buffer[4096] __attribute__((aligned(8)));
  const ssize_t length = read(notifier, buffer, sizeof buffer);
  const char *end = buffer + (length > 0 ? length : 0);
  for (const char *at = buffer; at < end;) {
    const struct fanotify_event_metadata *event = (const void *)at;
    at += event->event_len;
    if (event->fd < 0 || heldCount == 1024) continue;
    held[heldCount++] = event->fd;
    dprintf(1, "held %d\n", event->pid);
  }
}

static void let_go(int notifier) {
  for (int i = 0; i < heldCount; i++) {
    const struct fanotify_response response = {held[i], FAN_ALLOW};
    if (write(notifier, &response, sizeof response) < 0) dprintf(1, "cannot answer: %s\n", strerror(errno));
    close(held[i]);
  }
  heldCount = 0;
}

int main(int count, char **arguments) {
  const int notifier = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_CLOEXEC);
  if (count < 2 || notifier < 0 || fanotify_mark(notifier, FAN_MARK_ADD, FAN_OPEN_EXEC_PERM, AT_FDCWD, arguments[1]) < 0) {
    dprintf(1, "cannot hold: %s\n", strerror(errno));
    return 1;
  }
  dprintf(1, "ready\n");
  struct pollfd wanted[] = {{0, POLLIN, 0}, {notifier, POLLIN, 0}};
  while (poll(wanted, 2, -1) > 0) {
    char byte;
    if (wanted[1].revents) take(notifier);
    if (!wanted[0].revents) continue;
    if (read(0, &byte, 1) < 1) break;
    let_go(notifier);
  }
  let_go(notifier);
  return 0;
}

// Takes its sockets with libsystemd, answers each client with what it was given, and says so on its notify socket.
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

int main(void) {
  char **names = NULL;
  const int count = sd_listen_fds_with_names(0, &names);
  if (count < 1 || sd_listen_fds(1) != count) return 1;
  char answer[1024] = "";
  struct pollfd listeners[16];
  for (int i = 0; i < count && i < 16; i++) {
    const int descriptor = SD_LISTEN_FDS_START + i;
    listeners[i] = (struct pollfd){.fd = descriptor, .events = POLLIN};
    const char *kind = sd_is_socket_unix(descriptor, SOCK_STREAM, 1, NULL, 0) > 0 ? "unix"
                       : sd_is_socket_inet(descriptor, 0, SOCK_STREAM, 1, 0) > 0  ? "inet"
                                                                                  : "other";
    snprintf(answer + strlen(answer), sizeof answer - strlen(answer), "%s %s\n", names[i], kind);
  }
  sd_notifyf(0, "READY=1\nSTATUS=%d sockets", count);
  for (;;) {
    if (poll(listeners, (nfds_t)count, -1) < 0) return 2;
    for (int i = 0; i < count; i++) {
      if (!(listeners[i].revents & POLLIN)) continue;
      const int client = accept(listeners[i].fd, NULL, NULL);
      if (client < 0) continue;
      if (write(client, answer, strlen(answer)) < 0) return 3;
      close(client);
    }
  }
}

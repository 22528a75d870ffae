// Asks libsystemd for the descriptors that were passed, and writes what it says to the file named first: needs -lsystemd.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

int main(int count, char **arguments) {
  FILE *out = count > 1 ? fopen(arguments[1], "w") : stdout;
  if (!out) return 1;
  const int passed = sd_listen_fds(0);
  char **names = NULL;
  const int named = sd_listen_fds_with_names(0, &names);
  fprintf(out, "passed %d\nnamed %d\n", passed, named);
  for (int i = 0; i < named; i++) {
    const int number = SD_LISTEN_FDS_START + i;
    const char *kind = sd_is_socket_unix(number, SOCK_STREAM, 1, NULL, 0) > 0  ? "unix"
                       : sd_is_socket_inet(number, AF_INET, SOCK_STREAM, 1, 0) > 0 ? "tcp4"
                       : sd_is_socket_inet(number, AF_INET6, SOCK_STREAM, 1, 0) > 0 ? "tcp6"
                       : sd_is_socket_inet(number, AF_INET, SOCK_DGRAM, -1, 0) > 0 ? "udp4"
                                                                                    : "other";
    fprintf(out, "%d %s %s\n", number, kind, names[i]);
    free(names[i]);
  }
  free(names);
  uint64_t watchdog = 0;
  const int watched = sd_watchdog_enabled(0, &watchdog);
  fprintf(out, "watchdog %d %" PRIu64 "\n", watched, watchdog);
  return fclose(out) != 0;
}

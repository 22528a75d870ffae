// The clients: a closed loop of N non-blocking connections to 127.0.0.1, each measured from connect to its first
// byte and to its end-of-file. Prints one JSON object. Ends after WARM_UP + DURATION, or COUNT connections.
//
//   load PORT CLIENTS WARM_UP_MS DURATION_MS COUNT EXPECTED_BYTES
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { most_clients = 1024, most_connections = 1000000 };
// A connection which takes longer counts as an error of its own kind.
static const uint64_t patience = 5000000000ULL;

enum error { no_socket, refused, reset, cut_short, wrong_length, timeout, other, error_kinds };
static const char *const error_names[error_kinds] = {"socket",      "refused", "reset", "cutShort",
                                                     "wrongLength", "timeout", "other"};

struct client {
  int descriptor;
  uint64_t connected;
  uint64_t first_byte;  // 0: not yet
  long received;
};

static struct client clients[most_clients];
static long errors[error_kinds];
static uint64_t *first_bytes, *ends_of_file;
static long recorded, completed, most;
static uint64_t measure_from, measure_until, last_end;
static long expected;
static struct sockaddr_in server;
static int poller, open_clients;
static bool exhausted;

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC_RAW, &time);
  return (uint64_t)time.tv_sec * 1000000000ULL + (uint64_t)time.tv_nsec;
}

static enum error kind_of(int number) {
  if (number == ECONNREFUSED) return refused;
  return number == ECONNRESET || number == EPIPE ? reset : other;
}

// With a reset on our side, which has seen the end already, no port stays behind in TIME_WAIT.
static void discard(struct client *client) {
  close(client->descriptor);
  client->descriptor = -1;
  open_clients--;
}

static void connect_again(struct client *client) {
  static const struct linger reset_at_close = {.l_onoff = 1, .l_linger = 0};
  if (exhausted || now() >= measure_until) return;
  int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) {
    errors[no_socket]++;
    exhausted = true;
    return;
  }
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset_at_close, sizeof reset_at_close);
  *client = (struct client){.descriptor = descriptor, .connected = now()};
  open_clients++;
  struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = client};
  if ((connect(descriptor, (struct sockaddr *)&server, sizeof server) != 0 && errno != EINPROGRESS) ||
      epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event) != 0) {
    errors[kind_of(errno)]++;
    discard(client);
    // A server that is not there must not be asked a million times a second.
    exhausted = true;
  }
}

static void record(const struct client *client, uint64_t end) {
  if (client->received == 0) {
    errors[cut_short]++;
  } else if (client->received != expected) {
    errors[wrong_length]++;
  } else {
    if (end >= measure_from && end < measure_until && !exhausted) completed++;
    if (client->connected < measure_from || recorded == most) return;
    first_bytes[recorded] = client->first_byte - client->connected;
    ends_of_file[recorded++] = end - client->connected;
    last_end = end;
    exhausted = recorded == most;
  }
}

static void receive(struct client *client) {
  char bytes[4096];
  for (;;) {
    ssize_t length = recv(client->descriptor, bytes, sizeof bytes, 0);
    uint64_t time = now();
    if (length > 0) {
      if (client->received == 0) client->first_byte = time;
      client->received += length;
      continue;
    }
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (length < 0)
      errors[kind_of(errno)]++;
    else
      record(client, time);
    if (length < 0 && errno == ECONNREFUSED) exhausted = true;
    discard(client);
    connect_again(client);
    return;
  }
}

static int by_value(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return (a > b) - (a < b);
}

static void print_percentiles(const char *name, uint64_t *values) {
  static const double shares[] = {0.5, 0.9, 0.99, 0.999};
  qsort(values, (size_t)recorded, sizeof *values, by_value);
  printf("\"%s\":{", name);
  for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
    long rank = (long)(shares[i] * (double)recorded);
    double value = recorded == 0 ? 0 : (double)values[rank < recorded ? rank : recorded - 1] / 1000;
    printf("%s\"p%g\":%.2f", i == 0 ? "" : ",", shares[i] * 100, value);
  }
  printf("},");
}

int main(int count, char **arguments) {
  if (count != 7) {
    fprintf(stderr, "usage: load PORT CLIENTS WARM_UP_MS DURATION_MS COUNT EXPECTED_BYTES\n");
    return 64;
  }
  int client_count = atoi(arguments[2]);
  most = atol(arguments[5]);
  expected = atol(arguments[6]);
  if (client_count < 1 || client_count > most_clients || most < 1 || most > most_connections) return 64;
  server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[1]))};
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  first_bytes = calloc((size_t)most, sizeof *first_bytes);
  ends_of_file = calloc((size_t)most, sizeof *ends_of_file);
  poller = epoll_create1(EPOLL_CLOEXEC);
  if (first_bytes == NULL || ends_of_file == NULL || poller < 0) {
    perror("load");
    return 71;
  }

  measure_from = last_end = now() + strtoull(arguments[3], NULL, 10) * 1000000ULL;
  measure_until = measure_from + strtoull(arguments[4], NULL, 10) * 1000000ULL;
  for (int i = 0; i < client_count; i++) clients[i].descriptor = -1;
  for (int i = 0; i < client_count; i++) connect_again(&clients[i]);
  struct epoll_event ready[64];
  while (open_clients > 0) {
    int events = epoll_wait(poller, ready, 64, 100);
    for (int i = 0; i < events; i++) receive(ready[i].data.ptr);
    if (events > 0) continue;
    for (int i = 0; i < client_count; i++) {
      struct client *client = &clients[i];
      if (client->descriptor < 0 || now() - client->connected < patience) continue;
      errors[timeout]++;
      discard(client);
    }
  }

  // The rate counts what ended within the window, whenever it began; the times belong to what began within it.
  uint64_t window_end = recorded == most ? last_end : measure_until;
  double seconds = (double)(window_end - measure_from) / 1e9;
  printf("{\"connections\":%ld,\"rate\":%.1f,", recorded, seconds > 0 ? (double)completed / seconds : 0);
  print_percentiles("firstByte", first_bytes);
  print_percentiles("endOfFile", ends_of_file);
  printf("\"errors\":{");
  for (int i = 0; i < error_kinds; i++)
    printf("%s\"%s\":%ld", i == 0 ? "" : ",", error_names[i], errors[i]);
  printf("}}\n");
  return 0;
}

// Sends one IPv4 datagram as if another had sent it: FROM-HOST FROM-PORT TO-HOST TO-PORT TEXT. Only root can.
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int main(int count, char **words) {
  if (count != 6) return 64;
  unsigned char packet[1024] = {0};
  const size_t length = strlen(words[5]);
  if (length > sizeof packet - sizeof(struct iphdr) - sizeof(struct udphdr)) return 64;
  const size_t size = sizeof(struct iphdr) + sizeof(struct udphdr) + length;
  struct iphdr ip = {.ihl = 5, .version = 4, .ttl = 64, .protocol = IPPROTO_UDP, .tot_len = htons(size)};
  ip.saddr = inet_addr(words[1]);
  ip.daddr = inet_addr(words[3]);
  // without a checksum, which IPv4 allows
  const struct udphdr udp = {.source = htons(atoi(words[2])),
                             .dest = htons(atoi(words[4])),
                             .len = htons(sizeof udp + length)};
  memcpy(packet, &ip, sizeof ip);
  memcpy(packet + sizeof ip, &udp, sizeof udp);
  memcpy(packet + sizeof ip + sizeof udp, words[5], length);
  const int out = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  const struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {ip.daddr}};
  if (out < 0 || sendto(out, packet, size, 0, (const struct sockaddr *)&to, sizeof to) < 0) {
    perror("forge-datagram");
    return 71;
  }
  return 0;
}

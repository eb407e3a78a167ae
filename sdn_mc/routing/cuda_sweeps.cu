// Least latencies by Gauss-Seidel sweeps, a draw a lane; and the way back, as walk.py has it.
//
// A block takes one source at one time in LANES draws. The state is a row of LANES distances for
// each satellite. LANES threads form a group; the groups of a block walk the satellites together in
// the order of their distance in the undamaged network, forwards and backwards in turn, each group
// at another satellite, and lower its row to the best that the neighbours offer. A sweep in which
// nobody lowered anything ends it.
//
// The groups read rows that others may be writing (compute-sanitizer's racecheck will say so). That
// is safe: a row is 32-bit words, which are never torn, and holds the length of some path or
// NO_PATH_TICKS at any moment, so an old value only delays; and in the last sweep, between two
// barriers, nobody wrote, so everybody read the same final state and found nothing to lower. For the
// same reason a satellite may stand in the order twice, even next to itself. A barrier after every
// second step keeps the groups close together: groups that drift apart need up to three times as
// many sweeps.
//
// A port without a link leads to the satellite itself in NO_PATH_TICKS, whatever its mask bits; slots
// beyond the last port are never read.
//
// Set from outside: LANES (8, 16 or 32), WARPS (of a block), PORTS (of a satellite), IN_SHARED
// (whether rows lie in shared memory, else in `scratch`), RESIDENT (blocks that a multiprocessor is
// to hold at once), ROUNDS_PER_BARRIER (1: a barrier after every second step; more only to measure)
// and WALK (0: latency; 1: hops too; 2: and whether the route holds in the true
// masks).

constexpr int NO_PATH_TICKS = 1 << 29;  // as in core/network.py
constexpr double TICK_S = 2e-9;         // as in core/network.py
constexpr int DRAWS_PER_WORD = 32;
constexpr int PARTS = DRAWS_PER_WORD / LANES;  // blocks that share a word of draws
constexpr int SLOTS = (PORTS + 3) / 4 * 4;     // in memory, so that four are read at once
constexpr int THREADS = 32 * WARPS;
constexpr int GROUPS = THREADS / LANES;
constexpr int AHEAD = 2;                          // steps between barriers, and of prefetching
constexpr int PADDING = (2 + 2 * AHEAD) * GROUPS;  // of the order, at either end; see `converge`

extern __shared__ uint4 shared_memory[];

// Hides from the compiler how an address came about, so that it is kept in a register: folded into
// every use, it costs two to four instructions more for each row and each table that a step reads.
template <class T> __device__ __forceinline__ T* settled(T* address) {
#ifdef __CUDA_ARCH__
  asm("" : "+l"(address));
#endif
  return address;
}

// One time of the network, and one word of its masks.
struct Mesh {
  const int* neighbour;
  const int* ticks;
  const int* up;
};

// The candidates of all sites at one time, and one word of their masks.
struct Access {
  const int* satellite;
  const int* ticks;
  const int* up;
};

// What a thread needs of one satellite: one step's operands.
struct Node {
  int satellite;
  int neighbour[PORTS];
  int ticks[PORTS];
  int up[PORTS];
};

// This thread's draw: its column of the rows, and its bit of the mask words.
struct Lane {
  volatile int* distance;
  int bit;
  __device__ __forceinline__ volatile int& at(int satellite) const {
    return distance[satellite * LANES];
  }
  __device__ __forceinline__ bool is_up(int word) const { return word & bit; }
};

// A satellite's row of a table [sat, SLOTS].
__device__ __forceinline__ void read_row(const int* table, int satellite, int (&row)[PORTS]) {
  const int* first = table + satellite * SLOTS;
#pragma unroll
  for (int port = 0; port + 4 <= PORTS; port += 4) {
    const int4 four = __ldg(reinterpret_cast<const int4*>(first + port));
    row[port] = four.x, row[port + 1] = four.y, row[port + 2] = four.z, row[port + 3] = four.w;
  }
#pragma unroll
  for (int port = PORTS - PORTS % 4; port < PORTS; port++) row[port] = __ldg(first + port);
}

__device__ __forceinline__ Node node_of(const Mesh& mesh, int satellite) {
  Node node;
  node.satellite = satellite;
  read_row(mesh.neighbour, satellite, node.neighbour);
  read_row(mesh.ticks, satellite, node.ticks);
  read_row(mesh.up, satellite, node.up);
  return node;
}

// One sweep from `order` on, `stride` satellites a step; whether this draw was lowered anywhere.
// A satellite's operands are fetched AHEAD steps before they are needed, each as soon as the one
// before it is used up, so that few registers are taken; the satellite's number is fetched as many
// steps before those. So a step waits for rows only.
__device__ __forceinline__ bool sweep(const Mesh& mesh, const Lane& lane, const int* order,
                                      int stride, int n_round) {
  Node next[AHEAD];
  int after_next[AHEAD];
#pragma unroll
  for (int step = 0; step < AHEAD; step++) {
    next[step] = node_of(mesh, __ldg(order + step * stride));
    after_next[step] = __ldg(order + (AHEAD + step) * stride);
  }
  int place = 2 * AHEAD * stride;
  bool lowered = false;
#pragma unroll 1
  for (int round = 0; round < n_round; round++) {
#pragma unroll
    for (int step = 0; step < AHEAD; step++) {
      Node& node = next[step];
      const int satellite = node.satellite, before = lane.at(satellite);
      int there[PORTS];
      bool is_up[PORTS];
#pragma unroll
      for (int port = 0; port < PORTS; port++) {
        is_up[port] = lane.is_up(node.up[port]);
        if (is_up[port]) there[port] = lane.at(node.neighbour[port]);
      }
      node.satellite = after_next[step];
      after_next[step] = __ldg(order + place);
      place += stride;
      read_row(mesh.neighbour, node.satellite, node.neighbour);
      read_row(mesh.up, node.satellite, node.up);
      int best = before;
#pragma unroll
      for (int port = 0; port < PORTS; port++)
        if (is_up[port]) best = __viaddmin_s32(there[port], node.ticks[port], best);
      read_row(mesh.ticks, node.satellite, node.ticks);
      if (best < before) {
        lane.at(satellite) = best;
        lowered = true;
      }
    }
    if (ROUNDS_PER_BARRIER > 0 && (round + 1) % max(1, ROUNDS_PER_BARRIER) == 0) __syncthreads();
  }
  return lowered;
}

// Sweep until nothing changes. The last round may run up to 2 * GROUPS - 1 places past either end of
// the order, and fetches 2 * AHEAD steps further: into the padding, which repeats satellites.
__device__ __forceinline__ void converge(const Mesh& mesh, const Lane& lane, const int* order,
                                         int n_satellite) {
  const int group = threadIdx.x / LANES, per_round = AHEAD * GROUPS;
  const int n_round = (n_satellite + per_round - 1) / per_round;
  bool forwards = true, lowered;
  do {
    const int first = forwards ? group : n_satellite - 1 - group;
    const int stride = forwards ? GROUPS : -GROUPS;
    lowered = sweep(mesh, lane, settled(order + PADDING + first), stride, n_round);
    forwards = !forwards;
  } while (__syncthreads_or(lowered));
}

// No path anywhere, except over the source's own access links.
__device__ __forceinline__ void start(const Access& access, const Lane& lane, int first_candidate,
                                      int n_candidate, int n_satellite) {
  const int group = threadIdx.x / LANES;
  for (int satellite = group; satellite < n_satellite; satellite += GROUPS)
    lane.at(satellite) = NO_PATH_TICKS;
  __syncthreads();
  for (int at = first_candidate; group == 0 && at < first_candidate + n_candidate; at++) {
    const int satellite = access.satellite[at], ticks = access.ticks[at];
    if (lane.is_up(access.up[at]) && ticks < lane.at(satellite)) lane.at(satellite) = ticks;
  }
  __syncthreads();
}

// The rows of this block, of which each thread has a column.
__device__ __forceinline__ Lane lane_of(int* scratch, int n_satellite, int part) {
  int* rows = IN_SHARED ? reinterpret_cast<int*>(shared_memory)
                        : scratch + static_cast<size_t>(blockIdx.x) * n_satellite * LANES;
  const int lane = threadIdx.x % LANES;
  volatile int* distance = settled(rows + lane);
#ifdef __CUDA_ARCH__
  const void* where = const_cast<int*>(distance);
  __builtin_assume(IN_SHARED ? __isShared(where) : __isGlobal(where));
#endif
  return {distance, 1 << (part * LANES + lane)};
}

// The best way to one site: its latency in ticks, and the candidate that it comes in by, the lowest
// of those that attain it.
struct Arrival {
  int ticks;
  int candidate;
};

__device__ __forceinline__ Arrival arrival_at(const Access& access, const Lane& lane,
                                              int first_candidate, int n_candidate) {
  Arrival best = {NO_PATH_TICKS, first_candidate};
  for (int at = first_candidate; at < first_candidate + n_candidate; at++) {
    const int total = lane.at(access.satellite[at]) + access.ticks[at];
    if (lane.is_up(access.up[at]) && total < best.ticks) best = {total, at};
  }
  return best;
}

// A way back: how many satellites it passes less one, and whether every leg of it is up in the true
// masks (which are looked at only where WALK is 2).
struct Way {
  int hops;
  bool holds;
};

__device__ __forceinline__ Way walk(const Mesh& mesh, const int* true_link_up,
                                    const Access& access, const int* true_access_up,
                                    const Lane& lane, int first_candidate, int arrived_by) {
  int satellite = access.satellite[arrived_by];
  Way way = {0, WALK < 2 || lane.is_up(true_access_up[arrived_by])};
  for (;; way.hops++) {
    const Node node = node_of(mesh, satellite);
    const int own = lane.at(satellite);
    int taken = -1, far = satellite;
#pragma unroll
    for (int port = PORTS - 1; port >= 0; port--) {  // the lowest port has the last word
      const int there = node.neighbour[port];
      if (lane.is_up(node.up[port]) && lane.at(there) + node.ticks[port] == own)
        taken = port, far = there;
    }
    if (taken < 0) break;
    if (WALK == 2) way.holds &= lane.is_up(true_link_up[satellite * SLOTS + taken]);
    satellite = far;
  }
  if (WALK == 2) {
    int left_by = first_candidate;  // no port attains the distance, so one of the candidates does
    while (access.satellite[left_by] != satellite || !lane.is_up(access.up[left_by]) ||
           access.ticks[left_by] != lane.at(satellite))
      left_by++;
    way.holds &= lane.is_up(true_access_up[left_by]);
  }
  return way;
}

// All times, sources and words of a block of draws. Blocks stay and take every gridDim.x-th item, so
// that `scratch` does not grow with the draws; items that share masks are next to each other.
extern "C" __global__ void __launch_bounds__(THREADS, RESIDENT) route(
    const int* __restrict__ neighbour,         // [epochtime, sat, slot]
    const int* __restrict__ link_ticks,        // [time, sat, slot]
    const int* __restrict__ access_satellite,  // [time, site, candidate]
    const int* __restrict__ access_ticks,      // [time, site, candidate]
    const int* __restrict__ source_site,       // [source]
    const int* __restrict__ pair_start,        // [source + 1], into the two that follow
    const int* __restrict__ pair_column,       // [pair]
    const int* __restrict__ pair_site,         // [pair]
    const int* __restrict__ order,             // [order, source, PADDING + sat + PADDING]
    const int* __restrict__ link_up,           // [time, word, sat, slot]
    const int* __restrict__ access_up,         // [time, word, site, candidate]
    const int* __restrict__ true_link_up,      // [time, word, sat, slot]
    const int* __restrict__ true_access_up,    // [time, word, site, candidate]
    float* __restrict__ latency_s,             // [time, pair, draw]
    short* __restrict__ hops,                  // [time, pair, draw]
    unsigned char* __restrict__ delivered,     // [time, pair, draw]
    int* scratch,                              // [block, sat, lane]
    int n_time, int n_epoch_time, int n_word, int n_source, int n_pair, int n_site, int n_candidate,
    int n_satellite, int times_per_order) {
  const int n_item = n_time * n_word * PARTS * n_source;
  const size_t n_slot = n_satellite * SLOTS, n_end = n_site * n_candidate;
  for (int item = blockIdx.x; item < n_item; item += gridDim.x) {
    const int source = item % n_source, part = item / n_source % PARTS;
    const int words = item / n_source / PARTS;  // of masks before this one
    const int word = words % n_word, time = words / n_word;
    const Mesh mesh = {settled(neighbour + (n_epoch_time > 1 ? time : 0) * n_slot),
                       settled(link_ticks + time * n_slot), settled(link_up + words * n_slot)};
    const Access access = {access_satellite + time * n_end, access_ticks + time * n_end,
                           access_up + words * n_end};
    const Lane lane = lane_of(scratch, n_satellite, part);
    const int origin = source_site[source] * n_candidate;
    start(access, lane, origin, n_candidate, n_satellite);
    const size_t n_place = n_satellite + 2 * PADDING;  // of one order
    const int* own_order = order + (time / times_per_order * n_source + source) * n_place;
    converge(mesh, lane, own_order, n_satellite);

    const int group = threadIdx.x / LANES;
    for (int pair = pair_start[source] + group; pair < pair_start[source + 1]; pair += GROUPS) {
      const Arrival best = arrival_at(access, lane, pair_site[pair] * n_candidate, n_candidate);
      const bool reached = best.ticks < NO_PATH_TICKS;
      const int draw = word * DRAWS_PER_WORD + part * LANES + threadIdx.x % LANES;
      const size_t n_draw = n_word * DRAWS_PER_WORD;
      const size_t answer = (time * n_pair + pair_column[pair]) * n_draw + draw;
      const float infinity = __int_as_float(0x7f800000);
      latency_s[answer] = reached ? static_cast<float>(best.ticks * TICK_S) : infinity;
      if (WALK > 0) {
        Way way = {-1, false};
        if (reached)
          way = walk(mesh, true_link_up + words * n_slot, access, true_access_up + words * n_end,
                     lane, origin, best.candidate);
        hops[answer] = static_cast<short>(way.hops);
        if (WALK == 2) delivered[answer] = way.holds;
      }
    }
    __syncthreads();  // before the next item takes the rows
  }
}

// Ticks from every source to every satellite in the undamaged network, for the order of `route`; one
// word of masks with every bit set serves all times.
extern "C" __global__ void __launch_bounds__(THREADS, RESIDENT) healthy_ticks(
    const int* __restrict__ neighbour,         // [epochtime, sat, slot]
    const int* __restrict__ link_ticks,        // [time, sat, slot]
    const int* __restrict__ access_satellite,  // [time, site, candidate]
    const int* __restrict__ access_ticks,      // [time, site, candidate]
    const int* __restrict__ source_site,       // [source]
    const int* __restrict__ order,             // [PADDING + sat + PADDING], any
    const int* __restrict__ link_up,           // [sat, slot]
    const int* __restrict__ access_up,         // [site, candidate]
    int* __restrict__ ticks,                   // [time, source, sat]
    int* scratch,                              // [block, sat, lane]
    int n_time, int n_epoch_time, int n_source, int n_site, int n_candidate, int n_satellite) {
  const size_t n_slot = n_satellite * SLOTS, n_end = n_site * n_candidate;
  for (int item = blockIdx.x; item < n_time * n_source; item += gridDim.x) {
    const int time = item / n_source;
    const Mesh mesh = {settled(neighbour + (n_epoch_time > 1 ? time : 0) * n_slot),
                       settled(link_ticks + time * n_slot), settled(link_up)};
    const Access access = {access_satellite + time * n_end, access_ticks + time * n_end, access_up};
    const Lane lane = lane_of(scratch, n_satellite, 0);
    start(access, lane, source_site[item % n_source] * n_candidate, n_candidate, n_satellite);
    converge(mesh, lane, order, n_satellite);
    if (threadIdx.x % LANES == 0)
      for (int satellite = threadIdx.x / LANES; satellite < n_satellite; satellite += GROUPS)
        ticks[static_cast<size_t>(item) * n_satellite + satellite] = lane.at(satellite);
    __syncthreads();  // before the next item takes the rows
  }
}

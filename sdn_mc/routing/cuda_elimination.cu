// Vertex elimination over draws on a GPU: see cuda_elimination.py for the model and the layout.
// A thread holds one draw (its lane). A block of threads does LANES draws at one time, all pairs.
// Every warp reads its own stream of instructions, the same for all blocks of a time; barriers are
// part of the streams, and so no two warps ever write one row between two barriers.
//
// Constants of the compilation: LANES (8, 16, 32), WARPS, ROWS x COLUMNS = 8 (pairs of neighbours
// that one instruction lowers), SOME_COLD (rows in global memory too), BLOCKS (of threads on a
// multiprocessor).
using Word = unsigned int;
constexpr int NO_PATH = 1 << 29;      // ticks, as in core/network.py
constexpr double TICK_S = 2e-9;
constexpr int PARTS = 32 / LANES;     // of a warp: each has its own operands
constexpr int ROW_BYTES = LANES * 4;  // a row holds a number for each lane

// Instructions. Those of COLD have at least one target in global memory.
enum : Word {
  END, INSIDE_2, INSIDE_4, FETCH_1, FETCH_2, FETCH_4, JOIN_1, JOIN_2, JOIN_4, JOIN_8,
  JOIN_1_COLD, JOIN_2_COLD, JOIN_4_COLD, JOIN_8_COLD, LINK
};

// A row's address: bits 0 to 28 count words of 4 bytes from the pool's beginning.
constexpr Word COLD = 1u << 29;     // the row is in global memory
constexpr Word UNREAD = 1u << 30;   // it holds nothing yet
constexpr Word ABSENT = 1u << 31;   // there is no such row: nothing is read or written
__device__ __forceinline__ bool reads(Word row) { return row < UNREAD; }
__device__ __forceinline__ bool writes(Word row) { return row < ABSENT; }

struct Memory {
  char* hot;         // pool rows in shared memory; this and the next two: at this thread's lane
  char* cold;        // pool rows in global memory
  char* buffer;      // rows of the groups at work
  const int2* link;  // ticks and mask word of each link and access link
  Word bit;          // this thread's draw in a mask word
};

struct Operands { uint4 a, b; };

__device__ __forceinline__ int* at(char* base, Word bytes) { return (int*)(base + bytes); }

// Two loads and two stores under conditions that do not nest: shared memory has instructions of its
// own, and none of these becomes a branch.
__device__ __forceinline__ int loaded(const Memory& memory, Word row) {
  int ticks = NO_PATH;
  if (row < (SOME_COLD ? COLD : UNREAD)) ticks = *at(memory.hot, row << 2);
  if (SOME_COLD && row - COLD < COLD) ticks = *at(memory.cold, (row - COLD) << 2);
  return ticks;
}
__device__ __forceinline__ void stored(const Memory& memory, Word row, int ticks) {
  if (!(row & (SOME_COLD ? ABSENT | COLD : ABSENT))) *at(memory.hot, row << 2) = ticks;
  if (SOME_COLD && (row & (ABSENT | COLD)) == COLD)
    *at(memory.cold, (row & (COLD - 1)) << 2) = ticks;
}

// What is known of the way between two nodes: over those gone before, or their own link.
__device__ __forceinline__ int fetched(const Memory& memory, Word row, Word link) {
  const int ticks = loaded(memory, row);
  const int2 own = memory.link[link];
  return ((Word)own.y & memory.bit) ? min(ticks, own.x) : ticks;
}

// Lowers ROWS x COLUMNS pairs of neighbours by way of N satellites.
template <int N, bool SOME_TARGET_COLD>
__device__ __forceinline__ void join(const Memory& memory, const uint4& head,
                                     const Operands& operands, int part_bytes) {
  char* const left = memory.buffer + head.y;
  char* const right = memory.buffer + head.z + part_bytes;
  const Word target[8] = {operands.a.x, operands.a.y, operands.a.z, operands.a.w,
                          operands.b.x, operands.b.y, operands.b.z, operands.b.w};
  int best[8];
#pragma unroll
  for (int n = 0; n < 8; n++) {
    if (SOME_TARGET_COLD) best[n] = loaded(memory, target[n]);
    else best[n] = reads(target[n]) ? *at(memory.hot, target[n] << 2) : NO_PATH;
  }
#pragma unroll
  for (int k = 0; k < N; k++) {
    int from[ROWS], to[COLUMNS];
#pragma unroll
    for (int i = 0; i < ROWS; i++) from[i] = *at(left, k * head.w + i * ROW_BYTES);
#pragma unroll
    for (int j = 0; j < COLUMNS; j++) to[j] = *at(right, k * head.w + j * PARTS * ROW_BYTES);
#pragma unroll
    for (int n = 0; n < 8; n++)
      best[n] = __viaddmin_s32(from[n / COLUMNS], to[n % COLUMNS], best[n]);
  }
#pragma unroll
  for (int n = 0; n < 8; n++)
    if (SOME_TARGET_COLD) stored(memory, target[n], best[n]);
    else if (writes(target[n])) *at(memory.hot, target[n] << 2) = best[n];
}

// Ways between the satellites of a group, first to second and so on, by way of earlier ones.
struct Inside { int k01, k02, k03, k12, k13, k23; };

__device__ __forceinline__ int less(int a, int b, int c) { return __viaddmin_s32(a, b, c); }

__device__ __forceinline__ void fetch(const Memory& memory, Word operation, const uint4& head,
                                      const Operands& operands, int part_bytes,
                                      const Inside& inside) {
  char* const to = memory.buffer + head.z + part_bytes;
  const Word row[4] = {operands.a.x, operands.a.y, operands.a.z, operands.a.w};
  const Word link[4] = {operands.b.x, operands.b.y, operands.b.z, operands.b.w};
  if (operation == FETCH_1) {
#pragma unroll
    for (int n = 0; n < 4; n++)
      if (writes(row[n])) *at(to, n * PARTS * ROW_BYTES) = fetched(memory, row[n], link[n]);
  } else if (operation == FETCH_2) {
#pragma unroll
    for (int n = 0; n < 4; n += 2)
      if (writes(row[n])) {
        const int x0 = fetched(memory, row[n], link[n]);
        const int x1 = fetched(memory, row[n + 1], link[n + 1]);
        *at(to, n / 2 * PARTS * ROW_BYTES) = x0;
        *at(to, head.w + n / 2 * PARTS * ROW_BYTES) = less(inside.k01, x0, x1);
      }
  } else if (writes(row[0])) {
    const int x0 = fetched(memory, row[0], link[0]);
    const int x1 = less(inside.k01, x0, fetched(memory, row[1], link[1]));
    int x2 = less(inside.k02, x0, fetched(memory, row[2], link[2]));
    int x3 = less(inside.k03, x0, fetched(memory, row[3], link[3]));
    x2 = less(inside.k12, x1, x2);
    x3 = less(inside.k23, x2, less(inside.k13, x1, x3));
    *at(to, 0) = x0;
    *at(to, head.w) = x1;
    *at(to, 2 * head.w) = x2;
    *at(to, 3 * head.w) = x3;
  }
}

__device__ __forceinline__ void fetch_inside(const Memory& memory, bool four, const uint4& head,
                                             const Operands& operands, Inside& inside) {
  const Word first = operands.a.w, second = operands.b.x, third = operands.b.y;
  inside.k01 = fetched(memory, head.y, first & 0xffff);
  if (!four) return;
  inside.k02 = fetched(memory, head.z, first >> 16);
  inside.k03 = fetched(memory, head.w, second & 0xffff);
  inside.k12 = less(inside.k01, inside.k02, fetched(memory, operands.a.x, second >> 16));
  inside.k13 = less(inside.k01, inside.k03, fetched(memory, operands.a.y, third & 0xffff));
  const int over_0 = less(inside.k02, inside.k03, fetched(memory, operands.a.z, third >> 16));
  inside.k23 = less(inside.k12, inside.k13, over_0);
}

// Links beside the first one between two nodes: rows that hold something before anything is done.
__device__ __forceinline__ void add_links(const Memory& memory, const Operands& operands) {
  const Word row[4] = {operands.a.x, operands.a.y, operands.a.z, operands.a.w};
  const Word link[4] = {operands.b.x, operands.b.y, operands.b.z, operands.b.w};
#pragma unroll
  for (int n = 0; n < 4; n++)
    if (writes(row[n])) stored(memory, row[n], fetched(memory, row[n], link[n]));
}

__device__ __forceinline__ int2 staged(int slot, const int* ticks, const Word* up) {
  int2 link;
  link.x = slot < 0 ? NO_PATH : ticks[slot];
  link.y = slot < 0 ? 0 : (int)up[slot];
  return link;
}

// One warp's stream, from beginning to end.
__device__ __forceinline__ void follow(const uint4* __restrict__ next, const Memory& memory,
                                       int part) {
  const int part_bytes = part * ROW_BYTES;
  Inside inside = {NO_PATH, NO_PATH, NO_PATH, NO_PATH, NO_PATH, NO_PATH};
  uint4 head_ahead = __ldg(next);
  Operands ahead = {__ldg(next + 1 + 2 * part), __ldg(next + 2 + 2 * part)};
#pragma unroll 1
  for (;;) {
    const uint4 head = head_ahead;
    const Operands operands = ahead;
    next += 1 + 2 * PARTS;  // one instruction ahead of use: streams end with a spare one
    head_ahead = __ldg(next);
    ahead.a = __ldg(next + 1 + 2 * part);
    ahead.b = __ldg(next + 2 + 2 * part);
    for (Word n = head.x >> 8; n; n--) __syncthreads();
    if (PARTS > 1) __syncwarp();  // another part may have written what this one reads
    const Word operation = head.x & 255u;
    if (operation == JOIN_4) join<4, false>(memory, head, operands, part_bytes);
    else if (operation == JOIN_8) join<8, false>(memory, head, operands, part_bytes);
    else if (operation == JOIN_1) join<1, false>(memory, head, operands, part_bytes);
    else if (operation == JOIN_2) join<2, false>(memory, head, operands, part_bytes);
#if SOME_COLD
    else if (operation == JOIN_4_COLD) join<4, true>(memory, head, operands, part_bytes);
    else if (operation == JOIN_8_COLD) join<8, true>(memory, head, operands, part_bytes);
    else if (operation == JOIN_1_COLD) join<1, true>(memory, head, operands, part_bytes);
    else if (operation == JOIN_2_COLD) join<2, true>(memory, head, operands, part_bytes);
#endif
    else if (operation <= END) break;
    else if (operation <= INSIDE_4)
      fetch_inside(memory, operation == INSIDE_4, head, operands, inside);
    else if (operation == LINK) add_links(memory, operands);
    else fetch(memory, operation, head, operands, part_bytes, inside);
  }
}

extern "C" __global__ void __launch_bounds__(32 * WARPS, BLOCKS) eliminate(
    const uint4* __restrict__ program,      // of all runs
    const int* __restrict__ start,          // [run][WARPS]: where each warp's stream begins
    const Word* __restrict__ answer,        // [run][pair]: rows
    const int* __restrict__ run_of_time,    // [time]
    const int* __restrict__ link_slot,      // [run][link]: -1 where there is none
    const int* __restrict__ access_slot,    // [time][access]: the same
    const int* __restrict__ link_ticks,     // [time][slot]
    const int* __restrict__ access_ticks,   // [time][candidate of all sites]
    const Word* __restrict__ link_up,       // [time][word][slot]
    const Word* __restrict__ access_up,     // [time][word][candidate of all sites]
    float* latency_s,                       // [time][pair][draw]
    int* scratch,                           // [block][cold rows][LANES]
    int n_time, int n_word, int n_pair, int n_link, int n_access, int n_slot, int n_candidate,
    int n_hot, int n_cold) {
  extern __shared__ uint4 shared_memory[];
  const int lane = threadIdx.x % LANES, part = threadIdx.x % 32 / LANES, warp = threadIdx.x / 32;
  const int n_staged = n_link + n_access + 1;  // the last one is no link at all
  int2* const link = (int2*)shared_memory;
  char* const pool = (char*)shared_memory + (n_staged * 8 + 127) / 128 * 128;
  Memory memory;
  memory.hot = pool + lane * 4;
  memory.cold = (char*)(scratch + (size_t)blockIdx.x * n_cold * LANES + lane);
  memory.buffer = pool + (size_t)n_hot * ROW_BYTES + lane * 4;
  memory.link = link;
#pragma unroll 1
  for (int item = blockIdx.x; item < n_time * n_word * PARTS; item += gridDim.x) {
    const int share = item % PARTS, word = item / PARTS % n_word, time = item / PARTS / n_word;
    const int run = run_of_time[time];
    memory.bit = 1u << (share * LANES + lane);
    for (int i = threadIdx.x; i < n_staged; i += 32 * WARPS) {
      const int own = i - n_link;
      if (own < 0)
        link[i] = staged(link_slot[(size_t)run * n_link + i], link_ticks + (size_t)time * n_slot,
                         link_up + ((size_t)time * n_word + word) * n_slot);
      else
        link[i] = staged(own < n_access ? access_slot[(size_t)time * n_access + own] : -1,
                         access_ticks + (size_t)time * n_candidate,
                         access_up + ((size_t)time * n_word + word) * n_candidate);
    }
    __syncthreads();
    follow(program + start[run * WARPS + warp], memory, part);
    __syncthreads();
    for (int i = threadIdx.x; i < n_pair * LANES; i += 32 * WARPS) {
      const int pair = i / LANES;  // LANES divides the threads: this thread's lane is i % LANES
      const Word row = answer[(size_t)run * n_pair + pair];
      const int ticks = loaded(memory, row);
      const size_t draw = (size_t)word * 32 + share * LANES + lane;
      latency_s[((size_t)time * n_pair + pair) * n_word * 32 + draw] =
          ticks < NO_PATH ? (float)(ticks * TICK_S) : __int_as_float(0x7f800000);
    }
    __syncthreads();
  }
}

// Runs a CUDA C++ source on the processor: one std::thread for each CUDA thread, with real races,
// and std::barrier for the barriers. Blocks run one after another, each on poisoned shared memory.
// Built with -DSOURCE="file.cu" -DKERNEL=name and the source's own macros.
#include <algorithm>
#include <barrier>
#include <climits>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

struct Index { int x, y, z; };
struct alignas(8) int2 { int x, y; };
struct alignas(16) int4 { int x, y, z, w; };
struct alignas(8) uint2 { uint32_t x, y; };
struct alignas(16) uint4 { uint32_t x, y, z, w; };

static thread_local Index threadIdx, blockIdx;
static thread_local int n_vote;
static Index gridDim, blockDim;
static std::unique_ptr<std::barrier<>> block_barrier;
static std::vector<std::unique_ptr<std::barrier<>>> warp_barrier;
static int vote[2];
alignas(128) uint4 shared_memory[256 * 1024 / 16];

template <class T> static T __ldg(const T* at) { return *at; }
static void __syncthreads() { block_barrier->arrive_and_wait(); }
static void __syncwarp() { warp_barrier[threadIdx.x / 32]->arrive_and_wait(); }
static int __syncthreads_or(int yes) {
  int* own = &vote[n_vote++ & 1];
  if (yes) __atomic_store_n(own, 1, __ATOMIC_RELAXED);
  block_barrier->arrive_and_wait();
  const int any = *own;
  block_barrier->arrive_and_wait();
  if (threadIdx.x == 0) *own = 0;
  block_barrier->arrive_and_wait();
  return any;
}
static int __viaddmin_s32(int a, int b, int c) {
  return std::min((int)((uint32_t)a + (uint32_t)b), c);
}
static float __int_as_float(int bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
static int __ffs(int x) { return __builtin_ffs(x); }
static int __popc(unsigned x) { return __builtin_popcount(x); }
using std::max;
using std::min;

#define __global__
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __restrict__
#define __shared__
#include SOURCE

template <class... Types, size_t... Places>
static void call(void (*kernel)(Types...), void** argument, std::index_sequence<Places...>) {
  kernel(*static_cast<Types*>(argument[Places])...);
}
template <class... Types> static void call(void (*kernel)(Types...), void** argument) {
  call(kernel, argument, std::index_sequence_for<Types...>());
}

extern "C" void run(int n_block, int n_thread, void** argument) {
  gridDim = {n_block, 1, 1};
  blockDim = {n_thread, 1, 1};
  block_barrier = std::make_unique<std::barrier<>>(n_thread);
  warp_barrier.clear();
  for (int warp = 0; warp < n_thread / 32; warp++)
    warp_barrier.push_back(std::make_unique<std::barrier<>>(32));
  for (int block = 0; block < n_block; block++) {
    memset(shared_memory, 0x5a, sizeof shared_memory);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < n_thread; thread++)
      threads.emplace_back([=] {
        threadIdx = {thread, 0, 0};
        blockIdx = {block, 0, 0};
        n_vote = 0;
        call(KERNEL, argument);
      });
    for (auto& each : threads) each.join();
  }
}

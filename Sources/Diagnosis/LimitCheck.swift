import Foundation
import Runs
import Storage

/// Memory, disk, shared memory, and what the system lets a process have.
package struct LimitCheck {
  /// Bytes; nil where the system does not say.
  package var memory = NodeMemory.available()
  /// Bytes of the folder in which one stands.
  package var disk = freeBytes(near: FileManager.default.currentDirectoryPath)
  /// Bytes that are free in /dev/shm; nil without it.
  package var sharedMemory = access("/dev/shm", W_OK) == 0 ? freeBytes(near: "/dev/shm") : nil
  /// Open files of a process, at most.
  package var openFiles = Self.limit(RLIMIT_NOFILE)
  /// Bytes that a process may address; nil without a limit.
  package var addressSpace = NodeMemory.ofProcess()
  /// Bytes that a process may lock, which fast networks want; nil without a limit.
  package var lockedMemory = Self.limit(__RLIMIT_MEMLOCK)

  /// Whether there is an adapter of InfiniBand, or one that is told alike.
  package var hasInfiniBand = !((try? FileManager.default.contentsOfDirectory(atPath: "/sys/class/infiniband")) ?? [])
    .isEmpty

  /// That of this machine.
  package init() {}

  /// A rank with a small catalogue; a checkpoint of a large one.
  private static let leastMemory = 500_000_000, leastDisk = 1_000_000_000

  package var findings: [Finding] { [freeMemory, freeDisk, ranksOfNode] + limits }

  private var freeMemory: Finding {
    guard let memory else {
      return .note("memory", "the system does not tell how much is free", do: "see caravan plan")
    }
    return memory < Self.leastMemory
      ? .bad(
        "memory", "\(gigabytes(memory)) free", do: "end other programs: a rank needs 0.3 GB and more, see caravan plan")
      : .ok("memory", "\(gigabytes(memory)) free; caravan plan says what a training needs")
  }

  private var freeDisk: Finding {
    guard let disk else { return .note("disk", "the system does not tell how much is free here", do: "look with df") }
    return disk < Self.leastDisk
      ? .note(
        "disk", "\(gigabytes(disk)) free in this folder",
        do: "write runs elsewhere: checkpoints take several times the table")
      : .ok("disk", "\(gigabytes(disk)) free in this folder")
  }

  /// Open MPI keeps 4 MB a rank there, and segments of up to 64 MB.
  private var ranksOfNode: Finding {
    guard let sharedMemory else {
      return .note("/dev/shm", "cannot be written", do: "mount it: ranks of one machine talk through it")
    }
    return sharedMemory < 128_000_000
      ? .note(
        "/dev/shm", "\(sharedMemory / 1_000_000) MB free, little for the ranks of one machine",
        do: "give the container more, such as docker run --shm-size 1g")
      : .ok("/dev/shm", "\(gigabytes(sharedMemory)) free")
  }

  private var limits: [Finding] {
    var found: [Finding] = []
    if let openFiles, openFiles < 256 {
      found.append(.bad("open files", "\(openFiles) at most", do: "raise it: ulimit -n 1024"))
    }
    if let addressSpace {
      let text = "a process may address \(gigabytes(addressSpace)) more"
      let advice = "raise it, or lift it: ulimit -v unlimited"
      found.append(
        addressSpace < Self.leastMemory ? .bad("ulimit -v", text, do: advice) : .note("ulimit -v", text, do: advice))
    }
    if hasInfiniBand, let lockedMemory, lockedMemory < 64_000_000 {
      found.append(
        .note(
          "ulimit -l", "\(lockedMemory / 1000) kB may be locked, too little for InfiniBand",
          do: "raise it: ulimit -l unlimited, or take TCP: --interface eth0"))
    }
    let names = [("files", openFiles), ("memory", addressSpace), ("locked memory", lockedMemory)]
    let rest = names.map { "\($0) \($1.map(String.init) ?? "unlimited")" }.joined(separator: ", ")
    return found.isEmpty ? [.ok("limits", rest)] : found
  }

  private func gigabytes(_ bytes: Int) -> String { String(format: "%.1f GB", Double(bytes) / 1e9) }

  private static func limit(_ resource: __rlimit_resource) -> Int? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0, limit.rlim_cur < 1 << 60 else { return nil }
    return Int(limit.rlim_cur)
  }
}

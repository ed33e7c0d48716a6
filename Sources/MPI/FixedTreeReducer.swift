/// Sums over all leaves of a tree, whichever ranks have them, in the order of the tree: the same bits on every number of
/// ranks. Leaves are the lanes of a batch, or the stripes of a catalogue.
///
/// A rank adds what it can, the subtrees of its own leaves (`fold`), and sends each of these partial sums straight
/// to the rank that owns the elements, which adds the rest of the tree. With power-of-two rank counts that
/// moves as many bytes as recursive halving does: (P - 1) / P of the elements, in and out.
///
/// Elements travel in chunks, so that the memory for what arrives is bounded and reused; the next chunk is on
/// its way while the present one is added.
public final class FixedTreeReducer {
  /// The leaves of this rank; there may be none.
  public let ownLeaves: Range<Int>
  /// The nodes of the tree that make up `ownLeaves`; this rank contributes one partial sum for each.
  public let ownSubtrees: [Range<Int>]

  private let group: any ProcessGroup
  private let tree: LaneTree
  /// How many leaves each rank has.
  private let leafCounts: [Int]
  /// The partial sums of all ranks in the order of the leaves: which rank has each.
  private let owners: [Int]
  private let firstOwnBlock: Int
  /// Over `owners`' partial sums, and, for each own subtree, over its leaves.
  private let treeAdditions: [LaneTree.Addition]
  private let leafAdditions: [LaneTree.Addition]
  private let chunkBytes: Int
  /// How many elements are added at a time: few enough that they stay in the L1 cache through the tree.
  private static let tile = 2048

  /// Two halves, each with a slot for every partial sum of other ranks. Reused: it grows to what is needed.
  private var scratch = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  private var transfers: [Transfer] = []
  private var blocks: [UnsafeMutableRawPointer] = []

  /// A tree whose leaves are shared out evenly: see `LaneTree.lanes(of:size:)`.
  /// - Throws: `MPIError.moreRanksThanLanes`.
  public convenience init(group: any ProcessGroup, tree: LaneTree, chunkBytes: Int = 4 << 20) throws(MPIError) {
    var leaves: [Range<Int>] = []
    for rank in 0..<group.size { leaves.append(try tree.lanes(of: rank, size: group.size)) }
    self.init(group: group, tree: tree, leaves: leaves, chunkBytes: chunkBytes)
  }

  /// - Parameters:
  ///   - leaves: those of each rank: contiguous, in rank order, all of them; a rank may have none.
  ///   - chunkBytes: of one partial sum, in flight at a time; less where many partial sums would need more
  ///     than 128 MiB.
  public init(group: any ProcessGroup, tree: LaneTree, leaves: [Range<Int>], chunkBytes: Int = 4 << 20) {
    precondition(leaves.count == group.size && leaves.last?.upperBound == tree.lanes, "leaves \(leaves)")
    let subtrees = leaves.map(tree.subtrees(of:))
    let owners = subtrees.enumerated().flatMap { rank, nodes in nodes.map { _ in rank } }
    self.group = group
    self.tree = tree
    self.owners = owners
    leafCounts = leaves.map(\.count)
    ownLeaves = leaves[group.rank]
    ownSubtrees = subtrees[group.rank]
    firstOwnBlock = subtrees[..<group.rank].reduce(0) { $0 + $1.count }
    treeAdditions = tree.additions(of: subtrees.flatMap { $0 }, under: 0..<tree.lanes)
    leafAdditions = subtrees[group.rank].flatMap { subtree in
      let shift = subtree.lowerBound - leaves[group.rank].lowerBound
      return tree.additions(of: subtree.map { $0..<$0 + 1 }, under: subtree).map { step in
        LaneTree.Addition(target: step.target + shift, source: step.source + shift)
      }
    }
    // Every rank must cut alike, so this follows from what all know.
    self.chunkBytes = max(64, min(chunkBytes, (64 << 20) / owners.count)) & ~63
  }

  deinit { scratch.deallocate() }

  /// Adds this rank's leaves within each of its subtrees; local.
  /// - Parameter leafBuffers: one for each of `ownLeaves`, all of the same count. Overwritten.
  /// - Returns: one for each of `ownSubtrees`: the buffer of its first leaf, now with the subtree's sum.
  @discardableResult
  public func fold<E: TreeElement>(
    leafBuffers: [UnsafeMutableBufferPointer<E>]
  ) -> [UnsafeMutableBufferPointer<E>] {
    precondition(leafBuffers.count == ownLeaves.count, "\(leafBuffers.count) buffers for leaves \(ownLeaves)")
    let count = leafBuffers.first?.count ?? 0
    precondition(leafBuffers.allSatisfy { $0.count == count }, "the buffers of leaves have unequal counts")
    for offset in stride(from: 0, to: count, by: Self.tile) {
      for step in leafAdditions {
        let target = leafBuffers[step.target].baseAddress! + offset
        let source = leafBuffers[step.source].baseAddress! + offset
        E.add(target, source, to: target, count: min(Self.tile, count - offset))
      }
    }
    return ownSubtrees.map { leafBuffers[$0.lowerBound - ownLeaves.lowerBound] }
  }

  /// Leaves the sum over all leaves in `partials[0]` of every rank; each has leaves.
  ///
  /// A reduce-scatter followed by an all-gather, so each rank adds and holds its share of the work only.
  /// - Parameter partials: one for each of `ownSubtrees`, all of one count, the same on all ranks. Overwritten.
  public func allReduce<E: TreeElement>(_ partials: [UnsafeMutableBufferPointer<E>]) throws(MPIError) {
    precondition(partials.count == ownSubtrees.count, "\(partials.count) partial sums for \(ownSubtrees)")
    guard group.size > 1 else { return }
    let total = partials[0]
    let bounds = (0...group.size).map { $0 * total.count / group.size }
    let shares = (0..<group.size).map { bounds[$0 + 1] - bounds[$0] }
    let own = block(of: total, start: bounds[group.rank], count: shares[group.rank])
    try reduceScatter(partials, shares: shares, into: own)
    try group.allGather(inPlace: total, counts: shares)
  }

  /// Gives each rank the sum over all leaves of its own range of the elements.
  /// - Parameters:
  ///   - partials: one for each of `ownSubtrees`, all of one count, the same on all ranks. Overwritten.
  ///   - shares: the length of each rank's range, in rank order, the same on all ranks; the sum is the count.
  ///   - own: receives this rank's range; may be that range of `partials[0]`, but no other part of the partials.
  public func reduceScatter<E: TreeElement>(
    _ partials: [UnsafeMutableBufferPointer<E>], shares: [Int], into own: UnsafeMutableBufferPointer<E>
  ) throws(MPIError) {
    precondition(partials.count == ownSubtrees.count, "\(partials.count) partial sums for \(ownSubtrees)")
    for partial in partials { group.requireBlocks(shares, of: partial.count) }
    precondition(own.count == shares[group.rank], "rank \(group.rank) owns \(shares[group.rank]) elements")

    let starts = blockStarts(shares)
    let chunk = chunkBytes / MemoryLayout<E>.stride
    let rounds = (shares.max()! + chunk - 1) / chunk
    reserveScratch(bytes: min(chunk, own.count) * MemoryLayout<E>.stride)
    func addChunk(_ round: Int) {
      guard round >= 0 else { return }
      let part = part(round, of: own.count, by: chunk)
      add(partials, start: starts[group.rank], part, half: round % 2, own)
    }
    for round in 0..<rounds {
      transfers.removeAll(keepingCapacity: true)
      addReceives(part(round, of: own.count, by: chunk).count, half: round % 2, as: E.self)
      for owner in 0..<group.size where owner != group.rank {
        let part = part(round, of: shares[owner], by: chunk)
        for partial in partials {
          let piece = block(of: partial, start: starts[owner] + part.lowerBound, count: part.count)
          transfers.append(.send(UnsafeBufferPointer(piece), to: owner))
        }
      }
      try group.exchange(transfers) { addChunk(round - 1) }
    }
    addChunk(rounds - 1)
  }

  /// The sum of one number a leaf over the leaves of all ranks, the same bits on all of them; collective.
  /// - Parameter values: one for each of `ownLeaves`.
  public func sum(_ values: [Double]) throws(MPIError) -> Double {
    precondition(values.count == ownLeaves.count, "\(values.count) values for leaves \(ownLeaves)")
    var all = [Double](repeating: 0, count: tree.lanes)
    all.replaceSubrange(ownLeaves, with: values)
    try all.withUnsafeMutableBufferPointer { (data) throws(MPIError) in
      try group.allGather(inPlace: data, counts: leafCounts)
    }
    return tree.fold(all)
  }

  // MARK: Chunks

  /// The part of a rank's range that moves in one round; empty once the range is done.
  private func part(_ round: Int, of count: Int, by chunk: Int) -> Range<Int> {
    min(round * chunk, count)..<min((round + 1) * chunk, count)
  }

  private func reserveScratch(bytes slotBytes: Int) {
    let needed = 2 * (owners.count - ownSubtrees.count) * slotBytes
    guard needed > scratch.count else { return }
    scratch.deallocate()
    scratch = .allocate(byteCount: needed, alignment: 64)
  }

  /// Where the `index`-th partial sum of other ranks arrives. Slots lie close together, `count` elements each.
  private func slot<E>(
    _ index: Int, half: Int, count: Int, as element: E.Type
  ) -> UnsafeMutableBufferPointer<E> {
    let foreign = owners.count - ownSubtrees.count
    let start = half * (scratch.count / 2) + index * count * MemoryLayout<E>.stride
    precondition(index < foreign, "there are \(foreign) partial sums of other ranks")
    let memory = UnsafeMutableRawBufferPointer(rebasing: scratch[start..<start + count * MemoryLayout<E>.stride])
    return memory.bindMemory(to: E.self)
  }

  private func addReceives<E: TreeElement>(_ count: Int, half: Int, as element: E.Type) {
    guard count > 0 else { return }
    var index = 0
    for owner in owners where owner != group.rank {
      transfers.append(.receive(into: slot(index, half: half, count: count, as: E.self), from: owner))
      index += 1
    }
  }

  /// Adds one chunk of all partial sums into its place in `own`.
  private func add<E: TreeElement>(
    _ partials: [UnsafeMutableBufferPointer<E>], start: Int, _ part: Range<Int>, half: Int,
    _ own: UnsafeMutableBufferPointer<E>
  ) {
    guard !part.isEmpty else { return }
    blocks.removeAll(keepingCapacity: true)
    var index = 0
    for (block, owner) in owners.enumerated() {
      if owner == group.rank {
        let partial = partials[block - firstOwnBlock].baseAddress!
        blocks.append(UnsafeMutableRawPointer(partial + start + part.lowerBound))
      } else {
        let arrived = slot(index, half: half, count: part.count, as: E.self)
        blocks.append(UnsafeMutableRawPointer(arrived.baseAddress!))
        index += 1
      }
    }
    for offset in stride(from: 0, to: part.count, by: Self.tile) {
      addTile(offset, count: min(Self.tile, part.count - offset), into: own.baseAddress! + part.lowerBound + offset)
    }
  }

  private func addTile<E: TreeElement>(_ offset: Int, count: Int, into sum: UnsafeMutablePointer<E>) {
    func tile(_ index: Int) -> UnsafeMutablePointer<E> {
      blocks[index].assumingMemoryBound(to: E.self) + offset
    }
    guard let root = treeAdditions.last else {
      if sum != tile(0) { sum.update(from: tile(0), count: count) }
      return
    }
    for step in treeAdditions.dropLast() {
      E.add(tile(step.target), tile(step.source), to: tile(step.target), count: count)
    }
    E.add(tile(root.target), tile(root.source), to: sum, count: count)
  }
}

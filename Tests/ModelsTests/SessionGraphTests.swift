import Models
import Sessions
import Tensors
import Testing

@Suite struct SessionGraphTests {
  /// Items 7, 9, 7, 9, 4 (an edge taken twice, an edge back), then one click, then an item clicked twice running.
  @Test func edgesJoinDistinctItemsOnce() {
    var batch = RaggedBatch()
    batch.append([7, 9, 7, 9, 4], target: 1, position: 0)
    batch.append([9], target: 1, position: 1)
    batch.append([5, 5, 8], target: 1, position: 2)
    let graph = SessionGraph(batch)
    #expect(graph.items == [7, 9, 4, 9, 5, 8])
    #expect(graph.nodeOfClick == [0, 1, 0, 1, 2, 3, 4, 4, 5])
    #expect(graph.predecessors == Neighbours(offsets: [0, 1, 2, 3, 3, 4, 5], nodes: [1, 0, 1, 4, 4]))
    #expect(graph.successors == Neighbours(offsets: [0, 1, 3, 3, 3, 5, 5], nodes: [1, 0, 2, 4, 5]))
  }

  @Test func noSessionHasNoNode() {
    let graph = SessionGraph(RaggedBatch())
    #expect(graph.items.isEmpty && graph.predecessors.offsets == [0] && graph.successors.nodes.isEmpty)
  }
}

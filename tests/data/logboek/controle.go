// Checks a log with the packages that Go itself uses for its checksum database (golang.org/x/mod/sumdb).
//
//	controle MAP VKEY
//
// Nothing of ours is used: note opens the checkpoint, tlog authenticates every leaf against its root by way of the tiles,
// and proves each stored checkpoint to be a prefix of the newest one.
package main

import (
	"fmt"
	"io/ioutil"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type tiles struct{ dir string }

func (t tiles) Height() int                             { return 8 }
func (t tiles) SaveTiles(_ []tlog.Tile, _ [][]byte)      {}
func (t tiles) ReadTiles(ts []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range ts {
		data, err := ioutil.ReadFile(filepath.Join(t.dir, path(fmt.Sprint(tile.L), tile.N, tile.W)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func path(level string, n int64, width int) string {
	name := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		name = fmt.Sprintf("x%03d/%s", n%1000, name)
	}
	if width != 256 {
		name += fmt.Sprintf(".p/%d", width)
	}
	return filepath.Join("tile", level, name)
}

func open(file, vkey string) tlog.Tree {
	text, err := ioutil.ReadFile(file)
	check(err)
	verifier, err := note.NewVerifier(vkey)
	check(err)
	opened, err := note.Open(text, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	var size int64
	_, err = fmt.Sscanf(lines[1], "%d", &size)
	check(err)
	hash, err := tlog.ParseHash(lines[2])
	check(err)
	return tlog.Tree{N: size, Hash: hash}
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func main() {
	dir, vkey := os.Args[1], os.Args[2]
	tree := open(filepath.Join(dir, "checkpoint"), vkey)
	hashes := tlog.TileHashReader(tree, tiles{dir})
	var leaf int64
	for n := int64(0); leaf < tree.N; n++ {
		width := tree.N - leaf
		if width > 256 {
			width = 256
		}
		bundle, err := ioutil.ReadFile(filepath.Join(dir, path("entries", n, int(width))))
		check(err)
		for i := int64(0); i < width; i++ {
			size := int(bundle[0])<<8 | int(bundle[1])
			proof, err := tlog.ProveRecord(tree.N, leaf, hashes)
			check(err)
			check(tlog.CheckRecord(proof, tree.N, tree.Hash, leaf, tlog.RecordHash(bundle[2:2+size])))
			bundle, leaf = bundle[2+size:], leaf+1
		}
	}
	old, err := filepath.Glob(filepath.Join(dir, "checkpoints", "*"))
	check(err)
	for _, file := range old {
		before := open(file, vkey)
		proof, err := tlog.ProveTree(tree.N, before.N, hashes)
		check(err)
		check(tlog.CheckTree(proof, tree.N, tree.Hash, before.N, before.Hash))
	}
	fmt.Printf("%d leaves and %d checkpoints hold\n", leaf, len(old))
}

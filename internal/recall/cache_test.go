package recall_test

import (
	"strconv"
	"sync"
	"testing"

	"github.com/valetkey/valetkey/internal/recall"
)

func TestWhatWasDroppedDuringAReadIsNotBroughtBack(t *testing.T) {
	for name, drop := range map[string]func(*recall.Cache[int]){
		"drop":  func(c *recall.Cache[int]) { c.Drop("mail") },
		"clear": func(c *recall.Cache[int]) { c.Clear() },
	} {
		c := recall.New[int](10)
		_, at, _ := c.Get("mail")
		drop(c) // while the store is being read
		c.Put("mail", 1, at)
		if _, _, ok := c.Get("mail"); ok {
			t.Errorf("%s: an old value came back", name)
		}
		_, at, _ = c.Get("mail")
		c.Put("mail", 2, at)
		if v, _, ok := c.Get("mail"); !ok || v != 2 {
			t.Errorf("%s: %d %v", name, v, ok)
		}
	}
}

func TestTheCacheStaysWithinItsLimit(t *testing.T) {
	c := recall.New[int](10)
	held := 0
	for i := range 100 {
		_, at, _ := c.Get(strconv.Itoa(i))
		c.Put(strconv.Itoa(i), i, at)
	}
	for i := range 100 {
		if _, _, ok := c.Get(strconv.Itoa(i)); ok {
			held++
		}
	}
	if held != 10 {
		t.Fatalf("holds %d", held)
	}
	if _, _, ok := c.Get("99"); !ok {
		t.Fatal("the newest is gone")
	}
}

func TestManyMayUseItAtOnce(t *testing.T) {
	c := recall.New[int](4)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			name := strconv.Itoa(i % 4)
			for range 1000 {
				_, at, _ := c.Get(name)
				c.Put(name, i, at)
				c.Drop(name)
			}
			c.Clear()
		})
	}
	all.Wait()
}

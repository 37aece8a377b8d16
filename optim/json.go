package optim

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/kindred-mtl/kindred/catalog"
)

// UnmarshalJSON reads a list of transforms, each a name or an object of one
// name and its options:
//
//	[{"clip": {"norm": 1}}, "adamw", {"cosine": {"warmup": 0.05}}]
func (c *Chain) UnmarshalJSON(b []byte) error {
	var items []json.RawMessage
	if err := json.Unmarshal(b, &items); err != nil {
		return errors.New("an optimizer is a list of transforms, such as [adamw, cosine]")
	}
	chain := make(Chain, len(items))
	for i, item := range items {
		t, err := decode(item)
		if err != nil {
			return fmt.Errorf("transform %d of the optimizer: %w", i+1, err)
		}
		chain[i] = t
	}
	*c = chain
	return chain.Check()
}

// decode makes a transform of its name, with or without options.
func decode(item []byte) (Transform, error) {
	var name string
	var options json.RawMessage
	if json.Unmarshal(item, &name) != nil {
		var named map[string]json.RawMessage
		if err := json.Unmarshal(item, &named); err != nil || len(named) != 1 {
			return nil, fmt.Errorf(`%s is not a name, or one name and its options: {"clip": {"norm": 1}}`, item)
		}
		for name, options = range named {
		}
	}
	part, err := All.Find("transform", name)
	if err != nil {
		return nil, err
	}
	t := part.New()
	if err := catalog.Decode(t, options); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

// MarshalJSON writes what UnmarshalJSON reads.
func (c Chain) MarshalJSON() ([]byte, error) {
	items := make([]map[string]Transform, len(c))
	for i, t := range c {
		name := All.NameOf(t)
		if name == "" {
			return nil, fmt.Errorf("transform %T is not in the table", t)
		}
		items[i] = map[string]Transform{name: t}
	}
	return json.Marshal(items)
}

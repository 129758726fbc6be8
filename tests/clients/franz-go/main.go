// franz-go against a cluster: admin, producers of every compression, a consumer without a group. Status 0 if all of it worked.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	topic   = "franz-go-client"
	records = 3000
)

var failures int

func step(name string, body func() (any, error)) {
	result, err := body()
	if err != nil {
		failures++
		fmt.Printf("FAIL  %s: %v\n", name, err)
		return
	}
	fmt.Printf("ok    %s: %v\n", name, result)
}

func produce(ctx context.Context, seeds []string, codec kgo.CompressionCodec) (any, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(seeds...), kgo.ProducerBatchCompression(codec), kgo.DefaultProduceTopic(topic))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var batch []*kgo.Record
	for i := 0; i < records; i++ {
		batch = append(batch, kgo.KeyStringRecord(fmt.Sprint("key ", i), fmt.Sprint("value ", i)))
	}
	results := client.ProduceSync(ctx, batch...)
	return fmt.Sprint(len(results), " acknowledged"), results.FirstErr()
}

func consume(ctx context.Context, seeds []string, wanted int) (any, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(seeds...), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	read := 0
	for read < wanted {
		patience, stop := context.WithTimeout(ctx, 10*time.Second)
		fetches := client.PollFetches(patience)
		stop()
		if err := fetches.Err0(); err != nil {
			return read, err
		}
		read += fetches.NumRecords()
	}
	if read > wanted {
		return read, errors.New("more records than were sent")
	}
	return fmt.Sprint(read, " records"), nil
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	seeds := strings.Split(os.Args[1], ",")
	client, err := kgo.NewClient(kgo.SeedBrokers(seeds...))
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
	admin := kadm.NewClient(client)
	step("describe the cluster", func() (any, error) {
		metadata, err := admin.Metadata(ctx)
		return fmt.Sprint(len(metadata.Brokers), " nodes"), err
	})
	step("create a topic", func() (any, error) {
		minInSync := "2"
		created, err := admin.CreateTopic(ctx, 3, 3, map[string]*string{"min.insync.replicas": &minInSync}, topic)
		return fmt.Sprint(created.NumPartitions, " partitions"), err
	})
	step("describe a configuration", func() (any, error) {
		configs, err := admin.DescribeTopicConfigs(ctx, topic)
		if err != nil {
			return nil, err
		}
		return fmt.Sprint(len(configs[0].Configs), " keys"), nil
	})
	codecs := []kgo.CompressionCodec{
		kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression(),
	}
	for i, codec := range codecs {
		step(fmt.Sprint("produce, codec ", i), func() (any, error) { return produce(ctx, seeds, codec) })
	}
	step("consume", func() (any, error) { return consume(ctx, seeds, records*len(codecs)) })
	step("look offsets up", func() (any, error) {
		ends, err := admin.ListEndOffsets(ctx, topic)
		if err != nil {
			return nil, err
		}
		var sum int64
		ends.Each(func(each kadm.ListedOffset) { sum += each.Offset })
		if sum != int64(records*len(codecs)) {
			return nil, fmt.Errorf("the ends add up to %d", sum)
		}
		return sum, nil
	})
	step("delete records", func() (any, error) {
		until := kadm.Offsets{}
		until.AddOffset(topic, 0, 5, -1)
		deleted, err := admin.DeleteRecords(ctx, until)
		if err != nil {
			return nil, err
		}
		return deleted[topic][0].LowWatermark, deleted[topic][0].Err
	})
	step("delete the topic", func() (any, error) {
		deleted, err := admin.DeleteTopic(ctx, topic)
		return deleted.Topic, err
	})
	if failures > 0 {
		os.Exit(1)
	}
}
